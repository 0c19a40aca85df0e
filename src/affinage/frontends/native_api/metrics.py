"""`/configurations/{id}/metrics`: each number with its time, and the list behind it.

Source: NATIVE-6, NATIVE-10 to NATIVE-13.
"""

from starlette.responses import Response

from affinage.domain.moments import iso
from affinage.domain.values import JsonObject
from affinage.frontends.native_api.calls import Call, Services, paged, tagged
from affinage.services.configurations import Metric, whole_query
from affinage.services.counts import Counted


async def show(services: Services, call: Call) -> Response:
    """GET the metrics of a configuration."""
    name = call.segment("id")
    found = await services.configurations.metrics(name, by=call.by)
    return tagged(call.request, {"configuration": name, "metrics": [*map(_shown, found)]})


async def rows(services: Services, call: Call) -> Response:
    """GET a page of the rows that a metric counts."""
    page = await services.configurations.rows(
        call.segment("id"),
        call.segment("metric"),
        after=call.after,
        limit=call.limit,
        by=call.by,
    )
    return paged(page)


def _shown(metric: Metric) -> JsonObject:
    return {
        "name": metric.name,
        "custom": metric.is_custom,
        "query": whole_query(metric.question),
        **_counted(metric.counted),
    }


def _counted(counted: Counted | None) -> JsonObject:
    if counted is None:
        return {"count": None, "countedAt": None, "by": None}
    return {"count": counted.rows, "countedAt": iso(counted.at), "by": str(counted.how)}
