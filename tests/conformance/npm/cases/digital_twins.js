'use strict';

// Digital twins: `plugged` names a model, reports a component `thermostat`, and answers commands.

const assert = require('node:assert/strict');

const MODEL = 'dtmi:com:example:Pump;1';

/** The response, which the promise does not give where the answer has no body. */
const updated = (twins, ...given) =>
  new Promise((resolve, reject) => {
    const done = (error, _, response) => (error ? reject(error) : resolve(response));
    twins.updateDigitalTwin('plugged', ...given, done);
  });

module.exports = {
  'a digital twin has the properties and components of its device': async ({ twins }) => {
    const twin = await twins.getDigitalTwin('plugged');
    assert.equal(twin.$dtId, 'plugged');
    assert.equal(twin.$metadata.$model, MODEL);
    assert.equal(twin.serial, 'P-17');
    assert.equal(twin.thermostat.temperature, 21);
  },

  'a property and that of a component are written': async ({ twins, registry }) => {
    const before = await twins.getDigitalTwin('plugged');
    const steps = [
      { op: 'add', path: '/rate', value: 5 },
      { op: 'add', path: '/thermostat/target', value: 22.5 },
    ];
    const { status, parsedHeaders } = await updated(twins, steps, before._response.headers.get('etag'));
    assert.equal(status, 202);
    assert.match(parsedHeaders.location, /digitaltwins\/plugged$/);
    assert.notEqual(parsedHeaders.eTag, before._response.headers.get('etag'));
    const { desired } = (await registry.getTwin('plugged')).responseBody.properties;
    assert.deepEqual([desired.rate, desired.thermostat], [5, { __t: 'c', target: 22.5 }]);
    const { $metadata } = await twins.getDigitalTwin('plugged');
    assert.equal($metadata.rate.desiredValue, 5);
  },

  'a digital twin that changed meanwhile is not written over': async ({ twins }) => {
    const steps = [{ op: 'add', path: '/rate', value: 9 }];
    await assert.rejects(twins.updateDigitalTwin('plugged', steps, '"c3RhbGU="'), { statusCode: 412 });
    await assert.rejects(twins.updateDigitalTwin('plugged', [{ op: 'move' }]), { statusCode: 400 });
    await assert.rejects(twins.getDigitalTwin('nobody'), { statusCode: 404 });
  },

  'a command is run and one of a component': async ({ twins }) => {
    const whole = await twins.invokeCommand('plugged', 'reboot', { delay: 3 });
    assert.deepEqual(whole.body, { ran: 'reboot', with: { delay: 3 } });
    assert.equal(whole.xMsCommandStatuscode, 1000);
    const part = await twins.invokeComponentCommand('plugged', 'thermostat', 'report', 'now');
    assert.deepEqual(part.body, { ran: 'thermostat*report', with: 'now' });
  },

  'a command of a device that is away is refused': async ({ twins, registry }) => {
    await registry.create({ deviceId: 'unplugged' });
    const times = { connectTimeoutInSeconds: 0, responseTimeoutInSeconds: 5 };
    await assert.rejects(twins.invokeCommand('unplugged', 'reboot', {}, times), { statusCode: 404 });
  },
};
