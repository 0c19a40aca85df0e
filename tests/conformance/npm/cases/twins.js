'use strict';

// Twins, by the registry and by objects of their own.

const assert = require('node:assert/strict');

module.exports = {
  'a twin is read and merged into': async ({ registry, watched }) => {
    await registry.create({ deviceId: 'twin' });
    const twin = watched('Twin', (await registry.getTwin('twin')).responseBody);
    assert.deepEqual(twin.properties.desired.$version, 1);
    await twin.update({ tags: { line: 4 }, properties: { desired: { rate: 1, mode: 'eco' } } });
    await twin.update({ properties: { desired: { mode: null } } });
    const { responseBody: found } = await registry.getTwin('twin');
    assert.deepEqual(found.tags, { line: 4 });
    assert.deepEqual([found.properties.desired.rate, found.properties.desired.mode], [1, undefined]);
    assert.equal(found.properties.desired.$version, 3);
    assert.equal(twin.etag, found.etag);
  },

  'a twin that changed meanwhile is not written over and can be read again': async ({ registry, watched }) => {
    await registry.create({ deviceId: 'twin-raced' });
    const first = watched('Twin', (await registry.getTwin('twin-raced')).responseBody);
    await registry.updateTwin('twin-raced', { tags: { who: 'second' } }, '*');
    await assert.rejects(first.update({ tags: { who: 'first' } }), { name: 'InvalidEtagError' });
    await first.get();
    assert.deepEqual(first.tags, { who: 'second' });
    await first.update({ tags: { who: 'first' } });
  },

  'a twin sent back as it was read changes nothing but its version': async ({ registry, watched }) => {
    await registry.create({ deviceId: 'echoed' });
    await registry.updateTwin('echoed', { tags: { a: 1 }, properties: { desired: { b: 2 } } }, '*');
    const twin = watched('Twin', (await registry.getTwin('echoed')).responseBody);
    const { responseBody: after } = await registry.updateTwin('echoed', twin.toJSON(), twin.etag);
    assert.deepEqual(after.tags, { a: 1 });
    assert.equal(after.properties.desired.b, 2);
  },

  'a module has a twin of its own': async ({ registry, watched }) => {
    await registry.create({ deviceId: 'twin-of-module' });
    await registry.addModule({ deviceId: 'twin-of-module', moduleId: 'valve' });
    const { responseBody: valve } = await registry.getModuleTwin('twin-of-module', 'valve');
    await registry.updateModuleTwin('twin-of-module', 'valve', { tags: { row: 1 } }, valve.etag);
    const twin = watched('Twin', valve);
    await twin.get();
    assert.deepEqual([twin.moduleId, twin.tags], ['valve', { row: 1 }]);
    assert.deepEqual((await registry.getTwin('twin-of-module')).responseBody.tags, {});
  },

  'the twin of a device that never connected has dates': async ({ registry }) => {
    await registry.create({ deviceId: 'never-connected' });
    const { responseBody: twin } = await registry.getTwin('never-connected');
    assert.equal(new Date(twin.lastActivityTime).getUTCFullYear(), 1);
    assert.equal(twin.connectionState, 'Disconnected');
  },

  'a twin that would be too large is refused': async ({ registry }) => {
    await registry.create({ deviceId: 'large' });
    const rows = Object.fromEntries([...Array(9).keys()].map((n) => [`p${n}`, 'x'.repeat(4000)]));
    const patch = { properties: { desired: rows } };
    await assert.rejects(registry.updateTwin('large', patch, '*'), { name: 'ArgumentError' });
    assert.equal((await registry.getTwin('large')).responseBody.properties.desired.$version, 1);
  },
};
