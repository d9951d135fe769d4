"""docs/prove.md is checked, not trusted: its example is a valid configuration, and it names every key there is."""

import re
import tomllib
from pathlib import Path

import msgspec
import pytest

from looktwice.core import config
from looktwice.prove.app.requests.cases import cases

PAGE = (Path(__file__).parents[3] / "docs" / "prove.md").read_text()
EXAMPLE = next(iter(re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)))


def test_the_example_is_a_configuration(tmp_path):
    (tmp_path / "looktwice.toml").write_text(EXAMPLE)
    prove = config.load(tmp_path).prove
    assert len(cases(prove)) == 4
    assert prove.start


@pytest.mark.parametrize("kind", [config.Prove, config.Request, config.Upstream])
def test_every_key_is_in_the_example(kind):
    table = tomllib.loads(EXAMPLE)["prove"]
    used = {
        config.Prove: set(table),
        config.Request: {key for request in table["requests"] for key in request},
        config.Upstream: {key for upstream in table["upstreams"].values() for key in upstream},
    }[kind]
    assert used == {field.name for field in msgspec.structs.fields(kind)}
