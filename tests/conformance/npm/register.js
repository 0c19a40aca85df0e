'use strict';

// Registers the devices that DEVICES describes, all at once, each {"name", "transport", "host",
// "scope", "key" or "certificate", "payload"}; prints {"name", "result"} or {"name", "error"} for
// each, a line each.
//
// The SDK is as it was published.

const { ProvisioningDeviceClient } = require('azure-iot-provisioning-device');
const { Mqtt, MqttWs } = require('azure-iot-provisioning-device-mqtt');
const { Http } = require('azure-iot-provisioning-device-http');
const { SymmetricKeySecurityClient } = require('azure-iot-security-symmetric-key');
const { X509Security } = require('azure-iot-security-x509');

const TRANSPORTS = { Mqtt, MqttWs, Http };

function registered({ name, transport, host, scope, key, certificate, payload }) {
  const security = key
    ? new SymmetricKeySecurityClient(name, key)
    : new X509Security(name, { cert: certificate, key: certificate });
  const client = ProvisioningDeviceClient.create(host, scope, new TRANSPORTS[transport](), security);
  if (payload) client.setProvisioningPayload(payload);
  return client.register();
}

async function tell(device) {
  let said;
  try {
    said = { result: await registered(device) };
  } catch (error) {
    const { result } = error;
    said = { error: { name: error.name, message: error.message, result } };
  }
  process.stdout.write(`${JSON.stringify({ name: device.name, ...said })}\n`);
}

Promise.all(JSON.parse(process.env.DEVICES).map(tell)).then(() => process.exit(0));
