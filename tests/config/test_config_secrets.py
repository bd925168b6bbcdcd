"""Variables from beside the project file, and secret ones: they are of use, and nothing shows them."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Load

from meshctl import config, yamlio
from meshctl.errors import ConfigError, MeshctlError, Problems

# Does at the seam what sops does: gives the YAML of a file, or says on stderr why not.
SOPS = """\
#!/bin/sh
[ "$1 $2 $3" = "--decrypt --output-type yaml" ] || exit 100
case "$4" in
*locked*) echo "Failed to get the data key required to decrypt the SOPS file." >&2; exit 128;;
*slow*) sleep 60;;
esac
sed -n 's/^#was //p' "$4"
"""
ENCRYPTED = "db_password: ENC[AES256_GCM,data:x]\nsops: {}\n#was db_password: hunter{{2\n#was pin: 12\n"
FROM_SOPS = "vars_from: [{sops: secrets.yaml}]\nservice: [web]\n"
FILES = {"configs/secrets.yaml": ENCRYPTED}


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    program = tmp_path / "bin" / "sops"
    program.parent.mkdir()
    program.write_text(SOPS)
    program.chmod(0o755)
    return {"PATH": f"{program.parent}:/usr/bin:/bin"}


def test_sops_brings_secrets_that_are_no_expressions(load: Load, environ: dict[str, str]) -> None:
    loaded = load(FROM_SOPS + 'vars: {url: "pg://{{ db_password }}"}\n', FILES, environ=environ)
    assert loaded.vars == {"db_password": "hunter{{2", "pin": 12, "url": "pg://hunter{{2"}
    assert loaded.secret_vars == {"db_password", "pin", "url"}


def test_nothing_shows_them(load: Load, environ: dict[str, str]) -> None:
    sets = [config.Assignment("vars.db_password", "tiger9", "string", "--set-string")]
    loaded = load(FROM_SOPS + 'vars: {url: "pg://{{ db_password }}"}\n', FILES, environ=environ, assignments=sets)
    assert loaded.vars["url"] == "pg://tiger9"
    shown = yamlio.dump(loaded.effective) + repr(loaded.origins) + repr(loaded.warnings)
    assert "hunter" not in shown
    assert "tiger9" not in shown
    assert "--set-string vars.db_password=***" in shown
    assert {origin.path: origin.value for origin in loaded.origins}["vars.pin"] == "***"


def test_vars_of_the_file_itself_and_later_sources_come_before(load: Load, environ: dict[str, str]) -> None:
    text = "vars_from: [{file: a.yaml}, {env: SHOP_}, {file: none.yaml, optional: true}]\nvars: {c: file}\n"
    files = {"configs/a.yaml": "a: a\nb: '{{ a }}'\nc: a\nd: a\n"}
    loaded = load(text, files, environ={**environ, "SHOP_D": "{{ on }}", "SHOP_E": "on"})
    assert loaded.vars == {"a": "a", "b": "a", "c": "file", "d": "{{ on }}", "e": "on"}
    assert loaded.secret_vars == frozenset()
    assert str(loaded.where("vars", "b")) == "configs/a.yaml:2:4"


def test_a_secret_of_a_service_is_its_own(load: Load) -> None:
    loaded = load(
        'secrets: [key]\nvars: {key: aaaa, url: "{{ key }}", plain: 1}\n'
        "service: {web: {vars: {plain: '{{ key }}'}}, db: {vars: {key: bbbb}}}\n"
    )
    assert loaded.secret_vars == {"key", "url"}
    assert loaded.services["web"].secret_vars == {"key", "url", "plain"}
    assert loaded.services["db"].secret_vars == {"key", "url"}
    assert "bbbb" not in yamlio.dump(loaded.effective)


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("{sops: locked.yaml}", "sops does not decrypt configs/locked.yaml: Failed to get the data key required"),
        ("{sops: none.yaml}", "configs/none.yaml cannot be read: No such file or directory"),
        ("{sops: ../../x.yaml}", "vars_from names ../../x.yaml, which is outside of the project"),
        ("{file: list.yaml}", "configs/list.yaml is no mapping of variables"),
        ("{sops: text.yaml}", "what sops makes of configs/text.yaml is no YAML"),
        ("{file: a.yaml, sops: b.yaml}", "vars_from[0] has to be a mapping with one of sops, file and env"),
        ("{'': a.yaml}", "a key without a name"),
        ("{}", "vars_from[0] has to be a mapping with one of sops, file and env"),
    ],
)
def test_what_does_not_work_is_told(load: Load, environ: dict[str, str], entry: str, told: str) -> None:
    files = {
        "configs/locked.yaml": ENCRYPTED,
        "configs/a.yaml": "",
        "configs/list.yaml": "[]",
        "configs/text.yaml": "#was secret: [hunter2\n",
    }
    with pytest.raises(MeshctlError) as caught:
        load(f"vars_from: [{entry}]\nservice: [web]\n", files, environ=environ)
    error = caught.value.errors[0] if isinstance(caught.value, Problems) else caught.value
    assert error.message.startswith(told)
    assert error.exit_code == 2
    assert error.where
    assert error.where.line
    assert "hunter2" not in str(caught.value)


def test_sops_that_is_not_there_or_does_not_answer(
    load: Load, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigError, match="needs the program sops, which cannot be run") as caught:
        load(FROM_SOPS, FILES, environ={"PATH": "/nowhere"})
    assert str(caught.value.where) == "configs/dev.yaml:1:20"
    monkeypatch.setattr("meshctl.config.sources.SECONDS", 0.2)
    with pytest.raises(ConfigError, match=r"sops has not decrypted configs/slow\.yaml within 0\.2 seconds"):
        load("vars_from: [{sops: slow.yaml}]\n", {"configs/slow.yaml": ENCRYPTED}, environ=environ)


def test_completion_decrypts_nothing(load: Load, environ: dict[str, str], project: Path) -> None:
    load(FROM_SOPS, FILES, environ=environ)
    found = config.find_project(directory=project, environment="dev", file=None, environ={}, cwd=project)
    loaded = config.load(found, environ={"PATH": "/nowhere"}, cwd=project, decrypt=False)
    assert loaded.vars == {"db_password": "ENC[AES256_GCM,data:x]"}


def test_completion_reads_the_names_of_an_encrypted_dotenv_file(load: Load, project: Path) -> None:
    dotenv = "#ENC[AES256_GCM,data:a=]\nDB=ENC[AES256_GCM,data:x=]\nsops_version=3.9.0\n"
    load("vars_from: [{sops: s.env, optional: true}]\nservice: [web]\n")
    (project / "configs" / "s.env").write_text(dotenv)
    found = config.find_project(directory=project, environment="dev", file=None, environ={}, cwd=project)
    loaded = config.load(found, environ={}, cwd=project, decrypt=False)
    assert loaded.vars == {"DB": "ENC[AES256_GCM,data:x=]"}


def test_a_slip_in_a_secrets_name_is_told(load: Load) -> None:
    with pytest.raises(ConfigError, match="secrets names tokn, which is no variable") as caught:
        load("secrets: [tokn]\nvars: {token: x}\n")
    assert caught.value.suggestion == "did you mean token?"


def test_errors_do_not_quote_a_secret(load: Load) -> None:
    sets = [config.Assignment("vars.token", "hunter22")]
    with pytest.raises(MeshctlError) as caught:
        load("secrets: [token]\nvars: {token: x, y: '{{ fail(\"bad \" ~ token) }}'}\n", assignments=sets)
    assert str(caught.value) == "configs/dev.yaml:2:21: bad ***"


def test_a_source_is_of_a_file_alone(load: Load) -> None:
    with pytest.raises(MeshctlError, match="so only files have it"):
        load("", assignments=[config.Assignment("vars_from", "[{file: x}]")])
