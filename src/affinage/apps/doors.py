"""What the HTTPS port serves: which door has which paths, and the services that each is given."""

from starlette.types import ASGIApp

from affinage.adapters.prometheus.exposition import PrometheusExposition
from affinage.apps.openapi import documents
from affinage.apps.parts import Parts
from affinage.frontends.blob_api import app as blob_api
from affinage.frontends.device_api import app as device_api
from affinage.frontends.device_api.calls import Services as DeviceServices
from affinage.frontends.device_api.proofs import ByProof
from affinage.frontends.http.prefixes import ByPattern, ByPrefix, Several
from affinage.frontends.monitoring import app as monitoring
from affinage.frontends.native_api import app as native_api
from affinage.frontends.native_api.calls import Services as NativeServices
from affinage.frontends.native_api.described import PREFIX
from affinage.frontends.provisioning_api import app as provisioning_api
from affinage.frontends.provisioning_api.calls import Services as ProvisioningServices
from affinage.frontends.registration_api import app as registration_api
from affinage.frontends.registration_api.calls import Services as RegistrationServices
from affinage.frontends.service_api.app import create_app
from affinage.frontends.service_api.calls import Services
from affinage.services.contents import Contents
from affinage.services.digital_twins import DigitalTwins
from affinage.services.edge_scopes import EdgeScopes
from affinage.services.keys import Keys
from affinage.services.metrics import Metrics
from affinage.services.outranking import Warnings
from affinage.services.own_modules import OwnModules
from affinage.services.replacing import Replacing
from affinage.services.telemetry import Telemetry


def https_doors(parts: Parts) -> Several:
    """All of them: who proves to be a device is at the devices' door, the others go by path."""
    figures = parts.http
    enrolling = provisioning_api.create_app(_of_enrollments(parts), figures)
    special: dict[str, ASGIApp] = {
        blob_api.PATH: blob_api.create_app(_of_blobs(parts), figures),
        **dict.fromkeys(provisioning_api.PREFIXES, enrolling),
        PREFIX: native_api.create_app(_of_operators(parts), figures),
        monitoring.PATH: monitoring.create_app(_of_watchers(parts), figures),
    }
    back_ends = ByPrefix(special, create_app(_of_back_ends(parts), figures))
    registering = registration_api.create_app(_of_registering(parts), figures)
    by_path = ByPattern(registration_api.PATHS, registering, back_ends)
    return ByProof(device_api.create_app(_of_devices(parts), figures), by_path)


def _of_back_ends(parts: Parts) -> Services:
    return Services(
        access=parts.access,
        registry=parts.registry,
        bulk=parts.bulk,
        keys=Keys(parts.fleet, parts.vault, parts.makings, parts.limits),
        contents=Contents(parts.fleet, parts.fresh, parts.limits),
        digital_twins=DigitalTwins(parts.fleet, parts.methods, parts.limits),
        twins=parts.twins,
        methods=parts.methods,
        jobs=parts.jobs,
        transfers=parts.transfers,
        messages=parts.messages,
        shelf=parts.shelf,
        notices=parts.notices,
        queries=parts.queries,
        configurations=parts.configurations,
        clock=parts.clock,
        ids=parts.ids,
    )


def _of_devices(parts: Parts) -> DeviceServices:
    return DeviceServices(
        access=parts.access,
        visits=parts.visits,
        telemetry=Telemetry(parts.events, parts.limits),
        messages=parts.messages,
        own_modules=OwnModules(parts.registry, parts.methods),
        scopes=EdgeScopes(parts.fleet, parts.vault, parts.limits),
        uploads=parts.uploads,
        clock=parts.clock,
        ids=parts.ids,
    )


def _of_enrollments(parts: Parts) -> ProvisioningServices:
    return ProvisioningServices(
        access=parts.access,
        enrollments=parts.provisioning.enrollments,
        states=parts.provisioning.states,
        clock=parts.clock,
        ids=parts.ids,
    )


def _of_registering(parts: Parts) -> RegistrationServices:
    return RegistrationServices(parts.provisioning.registrations, parts.clock, parts.ids)


def _of_blobs(parts: Parts) -> blob_api.Services:
    return blob_api.Services(parts.uploads, parts.clock, parts.ids)


def _of_watchers(parts: Parts) -> monitoring.Services:
    metrics = Metrics(PrometheusExposition(parts.sources()))
    return monitoring.Services(parts.access, metrics, parts.clock, parts.ids)


def _of_operators(parts: Parts) -> NativeServices:
    return NativeServices(
        access=parts.access,
        configurations=parts.configurations,
        warnings=Warnings(parts.fleet, parts.counts),
        replacing=Replacing(parts.fleet, parts.fresh, parts.limits),
        doctor=parts.doctor,
        files=parts.files,
        groups=parts.groups,
        links=parts.provisioning.links,
        authorities=parts.access.authorities,
        messages=parts.messages,
        audit=parts.audit,
        events=parts.events,
        policies=parts.policies,
        documents=documents(),
        clock=parts.clock,
        ids=parts.ids,
    )
