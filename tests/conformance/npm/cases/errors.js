'use strict';

// The classes of errors that users catch, each from a hub that has reason to refuse.

const assert = require('node:assert/strict');
const { create } = require('azure-iothub').SharedAccessSignature;

const rejects = (work, name) => assert.rejects(work, { name });
const nowS = () => Math.floor(Date.now() / 1000);

module.exports = {
  'ArgumentError is a bad request': async ({ registry }) => {
    await rejects(registry.create({ deviceId: 'no/slash' }), 'ArgumentError');
    await rejects(registry.create({ deviceId: 'one-key', authentication: { symmetricKey: { primaryKey: 'AAAA' } } }), 'ArgumentError');
  },

  'UnauthorizedError is a key that is wrong': async ({ at, policies }) => {
    const wrong = policies.iothubowner.replace(/SharedAccessKey=.*/, 'SharedAccessKey=AAAA');
    await rejects(at(wrong).registry.list(), 'UnauthorizedError');
  },

  'UnauthorizedError is a policy that may not': async ({ as }) => {
    const reader = as('registryRead').registry;
    await reader.list();
    await rejects(reader.create({ deviceId: 'not-to-be' }), 'UnauthorizedError');
    await rejects(as('service').registry.list(), 'UnauthorizedError');
    await rejects(as('device').registry.list(), 'UnauthorizedError');
  },

  'UnauthorizedError is a signature that expired': async ({ watchedClass, host, key }) => {
    const signed = (expiry) => create(host, 'iothubowner', key, expiry).toString();
    const good = watchedClass('Registry').fromSharedAccessSignature(signed(nowS() + 60));
    await good.list();
    const old = watchedClass('Registry').fromSharedAccessSignature(signed(nowS() - 3600));
    await rejects(old.list(), 'UnauthorizedError');
  },

  'DeviceNotFoundError is a device that is not there': async ({ registry }) => {
    await rejects(registry.get('nobody'), 'DeviceNotFoundError');
    await rejects(registry.getTwin('nobody'), 'DeviceNotFoundError');
    await rejects(registry.delete('nobody'), 'DeviceNotFoundError');
    await rejects(registry.update({ deviceId: 'nobody' }), 'DeviceNotFoundError');
    await rejects(registry.getModulesOnDevice('nobody'), 'DeviceNotFoundError');
    await rejects(registry.addModule({ deviceId: 'nobody', moduleId: 'valve' }), 'DeviceNotFoundError');
  },

  'DeviceAlreadyExistsError is a device that is there': async ({ registry }) => {
    await registry.create({ deviceId: 'twice' });
    await rejects(registry.create({ deviceId: 'twice' }), 'DeviceAlreadyExistsError');
  },

  'InvalidEtagError is one that changed meanwhile': async ({ registry }) => {
    await registry.create({ deviceId: 'stale' });
    await rejects(registry.updateTwin('stale', { tags: {} }, 'AAAAAAAAAAk='), 'InvalidEtagError');
  },

  'ArgumentError is more in bulk than the SDK sends': async ({ registry }) => {
    const many = [...Array(101).keys()].map((n) => ({ deviceId: `many-${n}` }));
    await rejects(registry.addDevices(many), 'ArgumentError'); // and asks nobody
    await rejects(registry.get('many-0'), 'DeviceNotFoundError');
  },

  'ThrottlingError is a hub that is asked too often': async ({ at, throttled }) => {
    const { registry } = at(throttled);
    const often = async () => {
      for (let n = 0; n < 1000; n++) await registry.list();
    };
    await rejects(often(), 'ThrottlingError');
  },
};
