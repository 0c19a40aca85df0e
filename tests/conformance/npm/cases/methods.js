'use strict';

// Direct methods: `answers` and its module `valve` tell what they were asked, `silent` does not.

const assert = require('node:assert/strict');

const told = (ran, payload) => ({ status: 1000, payload: { ran, with: payload } });

module.exports = {
  'a device runs a method and its answer comes back': async ({ client }) => {
    for (const payload of [{ delay: 3, who: 'Zoë' }, [1, null], 'text', 7]) {
      const { result } = await client.invokeDeviceMethod('answers', { methodName: 'reboot', payload });
      assert.deepEqual(result, told('reboot', payload));
    }
  },

  'a module runs a method of its own': async ({ client }) => {
    const method = { methodName: 'stop', payload: null };
    const { result, message } = await client.invokeDeviceMethod('answers', 'valve', method);
    assert.deepEqual(result, told('stop', null));
    assert.equal(message.statusCode, 200);
  },

  'a method of nobody is not found': async ({ client, registry }) => {
    await registry.create({ deviceId: 'away' });
    for (const device of ['nobody', 'away']) {
      const asked = client.invokeDeviceMethod(device, { methodName: 'stop' });
      await assert.rejects(asked, { message: 'Not found' });
    }
  },

  'GatewayTimeoutError is a device that does not answer': async ({ client }) => {
    const times = { responseTimeoutInSeconds: 5, connectTimeoutInSeconds: 5 };
    const asked = client.invokeDeviceMethod('silent', { methodName: 'stop', ...times });
    await assert.rejects(asked, { name: 'GatewayTimeoutError' });
  },

  'a method with a name that is none is refused': async ({ client }) => {
    const asked = client.invokeDeviceMethod('answers', { methodName: 'a/b' });
    await assert.rejects(asked, { name: 'ArgumentError' });
  },
};
