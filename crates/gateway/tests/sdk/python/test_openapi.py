"""The admin API's description: its examples are what it says they are. (Whether the API is, schemathesis finds out: ../run.mjs.)"""

import jsonschema_rs
import pytest
from conftest import GATEWAY, call

DOCUMENT = call(f"{GATEWAY}/api/openapi.json")


def examples():
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            bodies = {"request": operation.get("requestBody", {}), **operation["responses"]}
            for name, body in bodies.items():
                for media in body.get("content", {}).values():
                    yield pytest.param(media["schema"], media.get("example"), id=f"{method} {path} {name}")


@pytest.mark.parametrize(("schema", "example"), list(examples()))
def test_an_example_fits_its_schema(schema, example):
    if example is not None:
        jsonschema_rs.validate({**schema, "components": DOCUMENT["components"]}, example, validate_formats=True)


def test_the_version_is_3_1_and_all_operations_have_names_of_their_own():
    assert DOCUMENT["openapi"].startswith("3.1.")
    names = [operation["operationId"] for methods in DOCUMENT["paths"].values() for operation in methods.values()]
    assert len(names) == len(set(names)) > 30
