"""From a description of an application to requests that name rows which exist."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from looktwice.core import config
from looktwice.core.errors import ConfigurationError
from looktwice.prove.app.outside import Outside
from looktwice.prove.app.requests.cases import cases, varied
from looktwice.prove.app.requests.identifiers import Identifiers, noun, noun_of_field, noun_of_path
from looktwice.prove.app.requests.login import proof_of
from looktwice.prove.app.requests.operation import operations
from looktwice.prove.app.requests.reach import why
from looktwice.prove.app.requests.sample import Sampler
from looktwice.prove.network.boundary import Boundary
from looktwice.prove.network.request import Response
from looktwice.prove.run.stage import Stage

SHOP = Path(__file__).parents[3] / "examples" / "shop"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["paths", "/a/{id}", "get", "post", "parameters", "in", "name", "schema", "requestBody", "content", "type",
             "application/json", "properties", "items", "$ref", "allOf", "anyOf", "enum", "servers", "security", "url"]
        ),
        inner,
        max_size=4,
    ),
    max_leaves=25,
)  # fmt: skip


@given(st.dictionaries(st.just("paths"), st.dictionaries(st.just("/x/{id}"), st.dictionaries(st.just("post"), JSON))))
def test_a_hostile_description_is_read_without_harm(document):
    for operation in operations(document):
        Sampler("word", lambda name: None).value(operation.body)
        assert operation.path.startswith("/x")
        assert isinstance(operation.fields, dict)


@given(
    st.dictionaries(
        st.sampled_from(
            ["type", "properties", "items", "required", "enum", "anyOf", "allOf", "default", "example", "examples",
             "minimum", "maximum", "multipleOf", "minLength", "maxLength", "minItems", "format", "const"]
        ),
        JSON,
    )
)  # fmt: skip
def test_a_hostile_schema_gives_a_value(schema):
    Sampler("word", lambda name: None).value(schema, "name")


def test_a_description_that_refers_to_itself_ends():
    node = {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/Node"}}, "required": ["next"]}
    document = {
        "components": {"schemas": {"Node": node}},
        "paths": {"/n": {"post": {"requestBody": {"content": {"application/json": {"schema": node}}}}}},
    }
    assert Sampler("w", lambda name: None).value(operations(document)[0].body) is not None


@pytest.mark.parametrize(
    ("name", "schema", "value"),
    [
        ("email", {"type": "string", "format": "email"}, "anna@example.com"),
        ("email", {"type": "string", "example": "used@up.example"}, "anna@example.com"),
        ("amount", {"type": "integer", "minimum": 1, "maximum": 50}, 50),
        ("quantity", {"type": "integer", "exclusiveMinimum": 0}, 1),
        ("stars", {"enum": [3, 4]}, 3),
        ("product_id", {"type": "integer"}, 7),
        ("product_id", {"anyOf": [{"type": "integer"}, {"type": "null"}]}, 7),
        ("note", {"type": "string", "maxLength": 4}, "note"),
        ("pin", {"type": "string", "minLength": 12, "example": "x"}, "x"),
        ("items", {"type": "array", "items": {"type": "boolean"}}, [True]),
        ("when", {"type": "string", "format": "date"}, "2031-05-04"),
        ("it", {"allOf": [{"properties": {"a": {"type": "boolean"}}}]}, {"a": True}),
        ("it", {"type": ["null", "boolean"]}, True),
    ],
)
def test_samples(name, schema, value):
    assert Sampler("anna", lambda field: 7 if field == "product_id" else None).value(schema, name) == value


@pytest.mark.parametrize(
    ("words", "one"),
    [("Orders", "order"), ("order_items", "orderitem"), ("categories", "category"), ("address", "address"),
     ("boxes", "box")],
)  # fmt: skip
def test_nouns(words, one):
    assert noun(words) == one


def test_nouns_of_paths_and_fields():
    assert noun_of_path("/api/v1/orders/17/items?x=1") == "item"
    assert noun_of_path("/orders/{order_id}") == "order"
    assert (noun_of_field("product_id"), noun_of_field("productIds"), noun_of_field("name")) == (
        "product",
        "product",
        "",
    )


def test_identifiers_come_from_answers_then_tables():
    known = Identifiers(lambda word, field: 99 if (word, field) == ("coupon", "id") else None)
    known.learn("/orders", [{"id": 1, "customer_id": 5}, {"id": 2}])
    known.learn("/articles", {"article": {"slug": "a-b", "title": "A"}})
    known.learn("/user", {"user": {"username": "anna"}})
    assert known.for_parameter("/orders/{order_id}/pay", "order_id") == 1
    assert known.for_parameter("/orders/{id}", "id") == 1
    assert known.for_parameter("/articles/{slug}/comments", "slug") == "a-b"
    assert known.for_parameter("/profiles/{username}", "username") == "anna"
    assert known.for_field("coupon_id") == 99
    assert known.for_field("customerId") == 5
    assert known.for_parameter("/nothing/{id}", "id") is None


@pytest.mark.parametrize(
    ("body", "headers", "proof"),
    [
        ({"access_token": "abcdefghij"}, (), {"Authorization": "Bearer abcdefghij"}),
        ({"user": {"token": "abcdefghij"}}, (), {"Authorization": "Bearer abcdefghij"}),
        ({}, (("Set-Cookie", "sid=1; HttpOnly"), ("set-cookie", "b=2")), {"Cookie": "sid=1; b=2"}),
        ({"token": "short"}, (), {}),
        ([], (), {}),
    ],
)
def test_proof_of_a_login(body, headers, proof):
    assert proof_of(Response(status=200, headers=headers, body=msgspec.json.encode(body))) == proof


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (200, {}, ""),
        (401, {"detail": "x"}, "[prove.users]"),
        (404, {"detail": "Unknown coupon"}, "Unknown coupon"),
        (422, {"detail": [{"loc": ["body", "amount"], "msg": "Field required"}]}, "body.amount: Field required"),
        (422, {"error": "Invalid", "issues": []}, "Invalid"),
        (409, {"detail": "No copies left"}, "it refuses this request: No copies left; send one that can succeed, or"),
        (409, {}, "it refuses this request; send one that can succeed, or add what it needs with a seed"),
        (500, "Internal Server Error", "the last line"),
        (418, {"message": "teapot"}, "teapot"),
    ],
)
def test_why_an_endpoint_was_not_reached(status, body, reason):
    response = Response(status=status, body=msgspec.json.encode(body))
    assert reason in why(response, lambda: "first\nthe last line\n")
    assert bool(why(response)) is (status != 200)


def test_an_access_log_does_not_hide_the_error():
    printed = "Traceback:\n  File x\nAttributeError: no id\nINFO: 127.0.0.1 - GET /x 500\n"
    assert why(Response(status=500), lambda: printed) == "it fails on its own: AttributeError: no id"


def test_requests_of_the_user():
    asked = config.Request(method="post", path="/pay", body={"a": {"b": [1, 2]}}, vary={"a.b.1": 5}, query={"x": "1"})
    prove = config.Prove(requests=(asked,), users={"anna": {"Authorization": "Bearer a"}})
    case = cases(prove)[0]
    assert (case.endpoint, case.first.path, case.user) == ("POST /pay", "/pay?x=1", "anna")
    assert case.second.content == {"a": {"b": [1, 5]}}
    assert case.first.headers == (("Authorization", "Bearer a"),)
    assert varied(case.first, {}) == case.first


@pytest.mark.parametrize(
    "asked",
    [
        config.Request(path="/x", user="nobody"),
        config.Request(path="/x", pair="nothing"),
        config.Request(path="https://elsewhere/x"),
    ],
)
def test_requests_that_name_what_is_not_there(asked):
    with pytest.raises(ConfigurationError, match="request"):
        cases(config.Prove(requests=(asked,), users={"anna": {}}))


def test_calls_off_this_machine_are_refused_and_reported():
    outside = Outside()
    with Boundary() as boundary:
        port = boundary.listen(outside.protocol)

        async def call(line: bytes) -> bytes:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(line)
            answer = await reader.read()
            writer.close()
            return answer

        for line in (b"CONNECT api.example:443 HTTP/1.1\r\n\r\n", b"GET http://other.example/x HTTP/1.1\r\n\r\n"):
            assert asyncio.run(call(line)).startswith(b"HTTP/1.1 403")
    assert outside.hosts == ["api.example:443", "other.example"]


def test_an_application_that_nobody_described_is_reached():
    """The shop without its requests and users: signed up, logged in, rows named, most endpoints answered with 2xx."""
    prove: Any = msgspec.structs.replace(config.load(SHOP).prove, requests=(), users={})
    with Stage.open(SHOP, prove) as stage:
        rows = {row.endpoint: row for row in stage.reach()}
        assert not stage.without_request
        assert set(stage.users) == {"annadt", "bendt", "admindt"}
    reached = [endpoint for endpoint, row in rows.items() if row.is_reached]
    assert len(rows) == 21
    assert len(reached) >= 18
    assert {"POST /orders", "POST /orders/{order_id}/pay", "GET /orders/recent", "POST /wallet/deposit"} <= set(reached)
    assert "login" in rows["POST /webhooks/payments"].why
