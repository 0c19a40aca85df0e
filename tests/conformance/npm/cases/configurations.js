'use strict';

// Configurations: for devices, for modules, for the edge; and content for one device.

const assert = require('node:assert/strict');

const content = (speed) => ({ deviceContent: { 'properties.desired.fan': { speed } } });

async function canary(registry, tag, ...names) {
  for (const deviceId of names) {
    await registry.create({ deviceId });
    await registry.updateTwin(deviceId, { tags: { ring: tag } }, '*');
  }
}

const desired = async (registry, deviceId) =>
  (await registry.getTwin(deviceId)).responseBody.properties.desired;

module.exports = {
  'a configuration is added read changed and removed': async ({ registry, until }) => {
    await canary(registry, 'cold', 'cold-1');
    const asked = {
      id: 'cold',
      content: content(3),
      targetCondition: "tags.ring = 'cold'",
      priority: 5,
      labels: { why: 'summer' },
      metrics: { queries: { all: "SELECT deviceId FROM devices WHERE tags.ring = 'cold'" } },
    };
    await registry.addConfiguration(asked);
    const applied = async () => {
      const { responseBody: one } = await registry.getConfiguration('cold');
      return one.systemMetrics.results.appliedCount === 1 && one.metrics.results.all === 1 && one;
    };
    const found = await until(applied);
    assert.deepEqual(found.content, asked.content); // to the letter, with no members beside it
    assert.equal(found.schemaVersion, '1.0');
    assert.deepEqual((await desired(registry, 'cold-1')).fan, { speed: 3 });
    const { responseBody: changed } = await registry.updateConfiguration({ ...found, priority: 7 });
    assert.equal(changed.priority, 7);
    await assert.rejects(registry.updateConfiguration(found), { name: 'InvalidEtagError' });
    await registry.updateConfiguration({ ...found, labels: { why: 'winter' } }, true);
    const { responseBody: all } = await registry.getConfigurations();
    assert.deepEqual(all.find((one) => one.id === 'cold').labels, { why: 'winter' });
    await registry.removeConfiguration('cold');
    await assert.rejects(registry.getConfiguration('cold'), { message: 'Not found' });
    await until(async () => !(await desired(registry, 'cold-1')).fan);
  },

  'the content of a configuration stays': async ({ registry }) => {
    await registry.addConfiguration({ id: 'stays', content: content(1), targetCondition: '', priority: 0 });
    const { responseBody: found } = await registry.getConfiguration('stays');
    const changed = { ...found, content: content(2) };
    await assert.rejects(registry.updateConfiguration(changed), { name: 'ArgumentError' });
    assert.deepEqual((await registry.getConfiguration('stays')).responseBody.content, content(1));
  },

  'a module configuration reaches modules': async ({ registry, until }) => {
    await registry.create({ deviceId: 'host' });
    await registry.addModule({ deviceId: 'host', moduleId: 'valve' });
    await registry.addConfiguration({
      id: 'valves',
      content: { moduleContent: { 'properties.desired.open': true } },
      targetCondition: "FROM devices.modules WHERE moduleId = 'valve'",
      priority: 1,
    });
    await until(async () => {
      const { responseBody: twin } = await registry.getModuleTwin('host', 'valve');
      return twin.properties.desired.open;
    });
  },

  'a condition that is none is refused': async ({ registry }) => {
    const asked = { id: 'wrong', content: content(1), targetCondition: 'tags.a =', priority: 0 };
    await assert.rejects(registry.addConfiguration(asked), { name: 'ArgumentError' });
    await assert.rejects(registry.getConfiguration('wrong'), { message: 'Not found' });
  },

  'a content is applied to one device': async ({ registry }) => {
    await registry.create({ deviceId: 'gateway-alone', capabilities: { iotEdge: true } });
    const fan = {
      version: '1.0',
      type: 'docker',
      status: 'running',
      restartPolicy: 'always',
      settings: { image: 'fan:1.0', createOptions: '{}' },
    };
    const image = (name) => ({ type: 'docker', settings: { image: name, createOptions: '' } });
    const broker = { ...image('hub:1.4'), status: 'running', restartPolicy: 'always' };
    await registry.applyConfigurationContentOnDevice('gateway-alone', {
      modulesContent: {
        $edgeAgent: {
          'properties.desired': {
            schemaVersion: '1.1',
            runtime: { type: 'docker', settings: { minDockerVersion: 'v1.25', loggingOptions: '' } },
            systemModules: { edgeAgent: image('agent:1.4'), edgeHub: broker },
            modules: { fan },
          },
        },
        $edgeHub: {
          'properties.desired': {
            schemaVersion: '1.1',
            routes: {},
            storeAndForwardConfiguration: { timeToLiveSecs: 7200 },
          },
        },
      },
    });
    const { responseBody: modules } = await registry.getModulesOnDevice('gateway-alone');
    assert.deepEqual(modules.map((one) => one.moduleId), ['$edgeAgent', '$edgeHub', 'fan']);
  },

  'a content that is none is not applied': async ({ registry }) => {
    await registry.create({ deviceId: 'plain' });
    const asked = { modulesContent: { fan: { 'properties.desired': {} } } };
    const applied = registry.applyConfigurationContentOnDevice('plain', asked);
    await assert.rejects(applied, { name: 'ArgumentError' });
  },
};
