"""A file of the tool that meshctl comes after, and what its keys have come to mean."""

from __future__ import annotations

from conftest import Load

from meshctl.config import Choice

ORIGINAL = """\
output_path: ./output

vars:
  run_env: TEST
  benvoy_hostnet: false
  namespace: ruifengyun
  nfs_server: 10.10.10.10

skip_inject_service:
  - postgres
  - command-bus

service:
  - benvoy
  - website
  - postgres
  - command-bus
  - trade-bus
  - trade-server
  - me

must_deps:
high_priority_deps:
  - postgres
mid_priority_deps:
low_priority_deps:
  -

service_group:
  middleware:
    - postgres
  trade:
    - trade-bus
    - trade-server
    - me
  biz:

enable:
  service:
  service_group:
    - biz
    - trade
disable:
  service:
    - me
  service_group:
"""


def test_it_loads_unchanged(load: Load) -> None:
    config = load(ORIGINAL)
    assert list(config.services) == ["benvoy", "website", "postgres", "command-bus", "trade-bus", "trade-server", "me"]
    assert (config.must_deps, config.high, config.mid, config.low) == ((), ("postgres",), (), ())
    assert config.enable == Choice((), ("biz", "trade"))
    assert config.disable == Choice(("me",), ())
    assert config.groups["biz"].services == ()
    assert config.groups["trade"].services == ("trade-bus", "trade-server", "me")
    assert config.services["me"].groups == ("trade",)
    assert [name for name, service in config.services.items() if not service.inject] == ["postgres", "command-bus"]
    assert config.namespace == "ruifengyun"
    assert config.vars == {
        "run_env": "TEST",
        "benvoy_hostnet": False,
        "namespace": "ruifengyun",
        "nfs_server": "10.10.10.10",
    }
    assert config.output_path == config.project_root / "output"
    assert config.template_paths == (config.project_root / "templates",)
    assert config.warnings == ()


def test_a_list_of_sidecars_may_name_services_of_other_environments(load: Load) -> None:
    config = load("service: [postgres, trade-bus]\nskip_inject_service: [postgres, command-bus]\n")
    assert [name for name, service in config.services.items() if not service.inject] == ["postgres"]
    (caution,) = config.warnings
    assert (caution.code, str(caution.where)) == ("MSH012", "configs/dev.yaml:2:33")
    assert caution.message == "skip_inject_service names command-bus, which is no declared service"


def test_nothing_at_all_is_a_project_too(load: Load) -> None:
    config = load("")
    assert (config.project, config.namespace, config.user, config.services) == ("shop", "anna", "anna", {})
