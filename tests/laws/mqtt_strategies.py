"""MQTT packets, and what a device may say with them, for the laws."""

from hypothesis import strategies as st

from affinage.protocol.mqtt.packets import (
    REFUSED_FILTER,
    Connack,
    Connect,
    Disconnect,
    Packet,
    Pingreq,
    Pingresp,
    Puback,
    Publish,
    Suback,
    Subscribe,
    Unsuback,
    Unsubscribe,
    Will,
)

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
topics = texts.filter(lambda text: text and not {*"#+"} & {*text})
filters = texts.filter(bool)
ids = st.integers(1, 65_535)
qos = st.integers(0, 2)
payloads = st.binary(max_size=300)
cuts = st.lists(st.integers(0, 5000), max_size=8)
"""Where a stream of bytes is cut: each is a place, counted around the end."""

wills = st.builds(Will, topics, payloads, qos, st.booleans())
passwords = st.tuples(texts, st.none() | payloads) | st.just((None, None))
connects = st.builds(
    lambda proof, **rest: Connect(username=proof[0], password=proof[1], **rest),
    passwords,
    client_id=texts,
    keep_alive_s=st.integers(0, 65_535),
    clean=st.booleans(),
    will=st.none() | wills,
)
publishes = st.one_of(
    st.builds(Publish, topics, payloads, st.just(0), st.just(0), st.just(False), st.booleans()),
    st.builds(Publish, topics, payloads, st.integers(1, 2), ids, st.booleans(), st.booleans()),
)
packets: st.SearchStrategy[Packet] = st.one_of(
    connects,
    publishes,
    st.builds(Connack, st.booleans(), st.integers(0, 5)),
    st.builds(Puback, ids),
    st.builds(Subscribe, ids, st.lists(st.tuples(filters, qos), min_size=1).map(tuple)),
    st.builds(
        Suback, ids, st.lists(st.sampled_from([0, 1, 2, REFUSED_FILTER]), min_size=1).map(tuple)
    ),
    st.builds(Unsubscribe, ids, st.lists(filters, min_size=1).map(tuple)),
    st.builds(Unsuback, ids),
    st.sampled_from([Pingreq(), Pingresp(), Disconnect()]),
)

own_filters = st.sampled_from(
    [
        "$iothub/twin/res/#",
        "$iothub/twin/PATCH/properties/desired/#",
        "$iothub/methods/POST/#",
        "$iothub/methods/POST/m1/#",
        "$iothub/methods/POST/m47/#",
        "devices/d/messages/devicebound/#",
    ]
)
"""What the device ``d`` may have."""

many_filters = st.just([f"$iothub/methods/POST/m{n}/#" for n in range(48)])
"""Nearly all that it may have at a time."""

some_filters = many_filters | st.lists(own_filters | filters, min_size=1, max_size=6)
own_topics = st.sampled_from(
    [
        "$iothub/twin/GET/?$rid=1",
        "$iothub/twin/PATCH/properties/reported/?$rid=2&$version=7",
        "$iothub/methods/res/200/?$rid=3",
        "devices/d/messages/events/%24.ct=a%2Fb&c",
    ]
)
"""Where the device ``d`` may publish."""

asked = st.one_of(
    st.builds(Publish, own_topics, payloads, st.just(0), st.just(0), st.just(False), st.booleans()),
    st.builds(Publish, own_topics, payloads, st.just(1), ids, st.booleans(), st.booleans()),
)
registering: st.SearchStrategy[Packet] = st.one_of(
    st.builds(
        Publish,
        st.sampled_from(
            [
                "$dps/registrations/PUT/iotdps-register/?$rid=1",
                "$dps/registrations/GET/iotdps-get-operationstatus/?$rid=2&operationId=4.a",
            ]
        ),
        payloads,
        st.just(1),
        ids,
        st.booleans(),
        st.booleans(),
    ),
    st.builds(Subscribe, ids, st.just((("$dps/registrations/res/#", 1), ("#", 0)))),
)
"""What a device may say that wants to be provisioned."""

small_talk: st.SearchStrategy[Packet] = st.one_of(
    asked,
    st.builds(
        lambda packet_id, wanted: Subscribe(packet_id, tuple((text, 1) for text in wanted)),
        ids,
        some_filters,
    ),
    st.builds(Unsubscribe, ids, some_filters.map(tuple)),
    st.builds(Puback, ids),
    st.just(Pingreq()),
)
"""What the device ``d`` may say at any time."""
