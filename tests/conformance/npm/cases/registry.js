'use strict';

// Identities: of devices, of modules, many at once.

const assert = require('node:assert/strict');
const { promisify } = require('node:util');

const KEYS = [1, 2, 3].map((n) => Buffer.alloc(32, n).toString('base64'));
const PRINTS = ['A'.repeat(40), 'b'.repeat(64)];

const sas = (primaryKey, secondaryKey) => ({ symmetricKey: { primaryKey, secondaryKey } });

module.exports = {
  'a device is created read changed and deleted': async ({ registry }) => {
    const authentication = sas(KEYS[0], KEYS[1]);
    const made = await registry.create({ deviceId: 'by-keys', status: 'disabled', authentication });
    assert.equal(made.httpResponse.statusCode, 200);
    const { responseBody: device } = await registry.get('by-keys');
    assert.deepEqual(device, made.responseBody);
    assert.deepEqual(device.authentication.symmetricKey, authentication.symmetricKey);
    assert.equal(device.status, 'disabled');
    const changed = { ...device, status: 'enabled', authentication: sas(KEYS[1], KEYS[2]) };
    const { responseBody: update } = await registry.update(changed);
    assert.equal(update.status, 'enabled');
    assert.notEqual(update.etag, device.etag);
    assert.equal((await registry.delete('by-keys')).httpResponse.statusCode, 204);
    await assert.rejects(registry.get('by-keys'), { name: 'DeviceNotFoundError' });
  },

  'a device without keys is given them': async ({ registry }) => {
    const { responseBody: device } = await registry.create({ deviceId: 'keyless' });
    const { primaryKey, secondaryKey } = device.authentication.symmetricKey;
    assert.equal(Buffer.from(primaryKey, 'base64').length, 32);
    assert.notEqual(primaryKey, secondaryKey);
    assert.deepEqual(device.authentication.x509Thumbprint, {
      primaryThumbprint: null,
      secondaryThumbprint: null,
    });
  },

  'a device is known by thumbprints': async ({ registry }) => {
    const x509Thumbprint = { primaryThumbprint: PRINTS[0], secondaryThumbprint: PRINTS[1] };
    const { responseBody: device } = await registry.create({
      deviceId: 'by-prints',
      authentication: { x509Thumbprint },
    });
    assert.equal(device.authentication.type, 'selfSigned');
    assert.deepEqual(device.authentication.x509Thumbprint, x509Thumbprint);
    assert.deepEqual(device.authentication.symmetricKey, { primaryKey: null, secondaryKey: null });
  },

  'a device may be certified by an authority': async ({ registry }) => {
    const authentication = { type: 'certificateAuthority' };
    const { responseBody: device } = await registry.create({ deviceId: 'by-authority', authentication });
    assert.equal(device.authentication.type, 'certificateAuthority');
  },

  'a device may have a name that needs quoting in a URL': async ({ registry }) => {
    const deviceId = 'a+b%c#d?e(f),=@;$\'*!_:.-';
    const { responseBody: device } = await registry.create({ deviceId });
    assert.equal(device.deviceId, deviceId);
    assert.equal((await registry.getTwin(deviceId)).responseBody.deviceId, deviceId);
    await registry.delete(deviceId);
  },

  'all devices are listed': async ({ registry }) => {
    await registry.create({ deviceId: 'listed' });
    const { responseBody: devices } = await registry.list();
    assert.ok(devices.map((device) => device.deviceId).includes('listed'));
  },

  'devices are counted': async ({ registry }) => {
    const before = (await registry.getRegistryStatistics()).responseBody;
    await registry.create({ deviceId: 'counted', status: 'disabled' });
    const after = (await registry.getRegistryStatistics()).responseBody;
    assert.deepEqual(after, {
      totalDeviceCount: before.totalDeviceCount + 1,
      enabledDeviceCount: before.enabledDeviceCount,
      disabledDeviceCount: before.disabledDeviceCount + 1,
    });
  },

  'an edge device has its modules and a child its scope': async ({ registry }) => {
    const capabilities = { iotEdge: true };
    const { responseBody: gateway } = await registry.create({ deviceId: 'gateway', capabilities });
    assert.match(gateway.deviceScope, /^ms-azure-iot-edge:\/\/gateway-\d+$/);
    const { responseBody: modules } = await registry.getModulesOnDevice('gateway');
    assert.deepEqual(modules.map((one) => one.moduleId).sort(), ['$edgeAgent', '$edgeHub']);
    const child = await registry.create({ deviceId: 'child', deviceScope: gateway.deviceScope });
    assert.deepEqual(child.responseBody.parentScopes, [gateway.deviceScope]);
  },

  'callbacks are called as promises are kept': async ({ registry }) => {
    const answer = await new Promise((resolve, reject) => {
      const done = (error, device, response) => (error ? reject(error) : resolve({ device, response }));
      registry.create({ deviceId: 'called-back' }, done);
    });
    assert.equal(answer.device.deviceId, 'called-back');
    assert.equal(answer.response.statusCode, 200);
  },

  'a module is created read changed and removed': async ({ registry }) => {
    await registry.create({ deviceId: 'with-module' });
    await registry.addModule({ deviceId: 'with-module', moduleId: 'valve', managedBy: 'us' });
    const { responseBody: valve } = await registry.getModule('with-module', 'valve');
    assert.equal(valve.managedBy, 'us');
    const changed = { ...valve, managedBy: 'them', authentication: sas(KEYS[0], KEYS[1]) };
    const { responseBody: update } = await registry.updateModule(changed);
    assert.equal(update.managedBy, 'them');
    assert.equal(update.authentication.symmetricKey.primaryKey, KEYS[0]);
    await assert.rejects(registry.updateModule(changed), { name: 'InvalidEtagError' });
    await registry.updateModule({ ...changed, managedBy: 'all' }, true);
    await registry.removeModule('with-module', 'valve');
    await assert.rejects(registry.getModule('with-module', 'valve'), { message: 'Not found' });
  },

  'a module that changed meanwhile is not removed': async ({ registry }) => {
    await registry.create({ deviceId: 'raced' });
    await registry.addModule({ deviceId: 'raced', moduleId: 'valve' });
    const { responseBody: valve } = await registry.getModule('raced', 'valve');
    const { responseBody: newer } = await registry.updateModule({ ...valve, managedBy: 'us' });
    // by callbacks: given a module and no callback, the SDK finds nothing to call, and says so
    const remove = promisify(registry.removeModule);
    await assert.rejects(remove(valve), { name: 'InvalidEtagError' });
    await remove(newer);
    await assert.rejects(registry.getModule('raced', 'valve'), { message: 'Not found' });
  },

  'devices are added changed and removed in bulk': async ({ registry }) => {
    const devices = [0, 1, 2].map((n) => ({ deviceId: `bulk-${n}`, authentication: sas(KEYS[0], KEYS[1]) }));
    const { responseBody: added } = await registry.addDevices(devices);
    assert.deepEqual([added.isSuccessful, added.errors], [true, []]);
    const disabled = devices.map((device) => ({ ...device, status: 'disabled' }));
    assert.ok((await registry.updateDevices(disabled, true)).responseBody.isSuccessful);
    const { responseBody: first } = await registry.get('bulk-0');
    assert.equal(first.status, 'disabled');
    const mended = [{ ...disabled[0], status: 'enabled', etag: first.etag }];
    assert.ok((await registry.updateDevices(mended, false)).responseBody.isSuccessful);
    assert.ok((await registry.removeDevices(devices, true)).responseBody.isSuccessful);
    await assert.rejects(registry.get('bulk-0'), { name: 'DeviceNotFoundError' });
  },

  'the entries of a bulk that fail are told and the others done': async ({ registry }) => {
    await registry.create({ deviceId: 'there-before' });
    const devices = [{ deviceId: 'there-before' }, { deviceId: 'new-in-bulk' }];
    const failed = await registry.addDevices(devices).catch((error) => error);
    assert.equal(failed.name, 'ArgumentError'); // the SDK makes one of any 400
    const { isSuccessful, errors } = JSON.parse(failed.responseBody);
    assert.deepEqual([isSuccessful, errors.map((one) => one.deviceId)], [false, ['there-before']]);
    assert.equal((await registry.get('new-in-bulk')).responseBody.status, 'enabled');
  },

  'a device that changed meanwhile is not removed in bulk': async ({ registry }) => {
    const { responseBody: old } = await registry.create({ deviceId: 'bulk-raced' });
    await registry.update({ ...old, statusReason: 'changed' });
    const failed = await registry.removeDevices([old], false).catch((error) => error);
    assert.equal(JSON.parse(failed.responseBody).errors[0].errorCode, 400023);
    assert.equal((await registry.get('bulk-raced')).responseBody.statusReason, 'changed');
  },
};
