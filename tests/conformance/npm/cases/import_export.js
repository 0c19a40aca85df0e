'use strict';

// Exports and imports of the registry, below the folder that the hub allows.

const assert = require('node:assert/strict');
const { readFileSync } = require('node:fs');
const { fileURLToPath } = require('node:url');

async function done({ registry, until }, asked) {
  const job = await asked;
  return until(async () => {
    const now = await registry.getJob(job.jobId);
    return ['completed', 'failed', 'cancelled'].includes(now.status) && now;
  });
}

function line(folder, id) {
  const text = readFileSync(fileURLToPath(`${folder}/devices.txt`), 'utf8');
  return text.trim().split('\n').map(JSON.parse).find((entry) => entry.id === id);
}

module.exports = {
  'devices are exported, and imported where they are gone': async (hub) => {
    const { registry } = hub;
    const folder = `${hub.blobs}/keys`;
    const { responseBody: made } = await registry.create({ deviceId: 'exported' });
    const written = await done(hub, registry.exportDevicesToBlob(folder, false));
    assert.deepEqual([written.type, written.status, written.progress], ['export', 'completed', 100]);
    await registry.delete('exported');
    const read = await done(hub, registry.importDevicesFromBlob(folder, folder));
    assert.deepEqual([read.type, read.status], ['import', 'completed']);
    const { responseBody: again } = await registry.get('exported');
    assert.deepEqual(again.authentication.symmetricKey, made.authentication.symmetricKey);
  },

  'keys are left out where they are not wanted': async (hub) => {
    const folder = `${hub.blobs}/no-keys`;
    const { responseBody: made } = await hub.registry.create({ deviceId: 'without-keys' });
    await done(hub, hub.registry.exportDevicesToBlob(folder, true));
    const text = JSON.stringify(line(folder, 'without-keys'));
    assert.ok(!text.includes(made.authentication.symmetricKey.primaryKey));
  },

  'by identity is as without': async (hub) => {
    const { registry } = hub;
    const folder = `${hub.blobs}/by-identity`;
    const written = await done(hub, registry.exportDevicesToBlobByIdentity(folder, false, '/ours'));
    assert.equal(written.status, 'completed');
    const read = await done(hub, registry.importDevicesFromBlobByIdentity(folder, folder));
    assert.equal(read.status, 'completed');
  },

  'exports and imports are listed, and one that has ended stays as it is': async (hub) => {
    const { registry } = hub;
    const { jobId } = await done(hub, registry.exportDevicesToBlob(hub.blobs, true));
    const { responseBody: jobs } = await registry.listJobs();
    assert.equal(jobs[0].jobId, jobId);
    const job = await registry.cancelJob(jobId);
    assert.equal(job.status, 'completed');
  },

  'a place that is not allowed and a job that is none are refused': async ({ registry }) => {
    const elsewhere = 'https://elsewhere.test/out?sig=s3cret';
    await assert.rejects(registry.exportDevicesToBlob(elsewhere, true), (error) => {
      assert.equal(error.name, 'ArgumentError');
      return !error.responseBody.includes('s3cret');
    });
    await assert.rejects(registry.getJob('none'), /Not found/);
  },
};
