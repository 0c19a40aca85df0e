'use strict';

// Scheduled jobs; `answers` is connected and runs methods.

const assert = require('node:assert/strict');

const ENDED = ['completed', 'failed', 'cancelled'];

async function ended({ jobs, until }, id) {
  return until(async () => {
    const { jobStatus } = await jobs.getJob(id);
    return ENDED.includes(jobStatus.status) && jobStatus;
  });
}

module.exports = {
  'a job updates twins': async (hub) => {
    await hub.registry.create({ deviceId: 'in-a-job' });
    const patch = { etag: '*', tags: { job: 'done' }, properties: { desired: { rate: 6 } } };
    const asked = await hub.jobs.scheduleTwinUpdate('update-1', "deviceId = 'in-a-job'", patch);
    assert.equal(asked.jobStatus.jobId, 'update-1');
    assert.equal(asked.jobStatus.type, 'scheduleUpdateTwin');
    const job = await ended(hub, 'update-1');
    assert.equal(job.status, 'completed');
    assert.equal(job.deviceJobStatistics.succeededCount, 1);
    const { responseBody: twin } = await hub.registry.getTwin('in-a-job');
    assert.deepEqual([twin.tags, twin.properties.desired.rate], [{ job: 'done' }, 6]);
  },

  'a job runs a method': async (hub) => {
    const method = { methodName: 'reboot', payload: { delay: 3 }, responseTimeoutInSeconds: 10 };
    await hub.jobs.scheduleDeviceMethod('method-1', "deviceId = 'answers'", method, new Date(), 60);
    assert.equal((await ended(hub, 'method-1')).deviceJobStatistics.succeededCount, 1);
    const text = "SELECT * FROM devices.jobs WHERE devices.jobs.jobId = 'method-1'";
    const { result, message } = await hub.watched('Query', hub.registry.createQuery(text)).next();
    assert.equal(message.headers['x-ms-item-type'], 'DeviceJob');
    assert.deepEqual([result[0].deviceId, result[0].status], ['answers', 'completed']);
    assert.equal(result[0].outcome.deviceMethodResponse.status, 1000);
  },

  'a job for later can be cancelled': async (hub) => {
    const later = new Date(Date.now() + 3_600_000);
    await hub.jobs.scheduleTwinUpdate('later-1', '*', { etag: '*', tags: {} }, later, 60);
    assert.equal((await hub.jobs.getJob('later-1')).jobStatus.status, 'scheduled');
    assert.equal((await hub.jobs.cancelJob('later-1')).jobStatus.status, 'cancelled');
    assert.equal((await ended(hub, 'later-1')).status, 'cancelled');
  },

  'jobs are listed by type and status': async ({ jobs, watched }) => {
    const query = watched('Query', jobs.createQuery('scheduleUpdateTwin', 'cancelled', 10));
    const { result, message } = await query.next();
    assert.equal(message.headers['x-ms-item-type'], 'JobResponse');
    assert.ok(result.map((job) => job.jobId).includes('later-1'));
    assert.ok(result.every((job) => job.status === 'cancelled'));
  },

  'a job that exists or is none is refused': async ({ jobs }) => {
    const patch = { etag: '*', tags: { a: 1 } };
    await assert.rejects(jobs.scheduleTwinUpdate('later-1', '*', patch), { name: 'DeviceAlreadyExistsError' });
    await assert.rejects(jobs.scheduleTwinUpdate('bad-1', 'tags.a =', patch), { name: 'ArgumentError' });
    await assert.rejects(jobs.getJob('no-such-job'), { message: 'Not found' });
    await assert.rejects(jobs.cancelJob('no-such-job'), { message: 'Not found' });
  },
};
