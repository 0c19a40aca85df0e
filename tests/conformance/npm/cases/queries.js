'use strict';

// Queries, page by page.

const assert = require('node:assert/strict');

async function fleet(registry, tag, count) {
  await registry.addDevices([...Array(count).keys()].map((n) => ({ deviceId: `${tag}-${n}` })));
  for (let n = 0; n < count; n++) await registry.updateTwin(`${tag}-${n}`, { tags: { fleet: tag } }, '*');
}

module.exports = {
  'a query is paged through as twins': async ({ registry, watched }) => {
    await fleet(registry, 'paged', 4);
    const text = "SELECT * FROM devices WHERE tags.fleet = 'paged'";
    const query = watched('Query', registry.createQuery(text, 2));
    const pages = [];
    while (query.hasMoreResults) pages.push((await query.nextAsTwin()).result);
    assert.deepEqual(pages.map((page) => page.length), [2, 2]); // and no empty one behind
    assert.deepEqual(pages.flat().map((twin) => twin.deviceId), [0, 1, 2, 3].map((n) => `paged-${n}`));
    const twin = watched('Twin', pages[0][0]);
    await twin.update({ tags: { fleet: 'left' } });
  },

  'a query gives rows as they are selected': async ({ registry, watched }) => {
    await fleet(registry, 'projected', 2);
    const text = "SELECT deviceId, tags.fleet AS f FROM devices WHERE tags.fleet = 'projected'";
    const { result, message } = await watched('Query', registry.createQuery(text)).next();
    assert.deepEqual(result, [0, 1].map((n) => ({ deviceId: `projected-${n}`, f: 'projected' })));
    assert.equal(message.headers['x-ms-item-type'], 'Raw');
  },

  'a query counts': async ({ registry, watched }) => {
    await fleet(registry, 'summed', 3);
    const text = "SELECT COUNT() AS n FROM devices WHERE tags.fleet = 'summed'";
    const { result } = await watched('Query', registry.createQuery(text)).next();
    assert.deepEqual(result, [{ n: 3 }]);
  },

  'modules are found too': async ({ registry, watched }) => {
    await registry.create({ deviceId: 'queried' });
    await registry.addModule({ deviceId: 'queried', moduleId: 'valve' });
    const text = "SELECT * FROM devices.modules WHERE deviceId = 'queried'";
    const { result } = await watched('Query', registry.createQuery(text)).nextAsTwin();
    assert.deepEqual(result.map((twin) => twin.moduleId), ['valve']);
  },

  'what nothing matches is an empty page and the last': async ({ registry, watched }) => {
    const query = watched('Query', registry.createQuery("SELECT * FROM devices WHERE tags.fleet = 'none'"));
    assert.deepEqual((await query.nextAsTwin()).result, []);
    assert.equal(query.hasMoreResults, false);
  },

  'a query that is none is refused': async ({ registry, watched }) => {
    const query = watched('Query', registry.createQuery('SELECT FROM'));
    await assert.rejects(query.next(), { name: 'ArgumentError' });
  },
};
