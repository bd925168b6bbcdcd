"""Every command, in one table that costs nothing to read: what `--help` lists and which module answers.

A command's module is imported only when that command runs, so that a start pays for one command and not for forty.
"""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """`module` is below `meshctl.cli.commands`; the command is its attribute `command`."""

    module: str
    help: str
    section: str


BEGIN = "Begin"
RUN = "Run services"
LOOK = "Look at what runs"
PROJECT = "The project, offline"
NAMESPACES = "Developers' namespaces"
SANDBOX = "A cluster on this machine"
OTHER = "Other"

COMMANDS: dict[str, Entry] = {
    "init": Entry("init", "Make a new project that starts at once on the sandbox", BEGIN),
    "import": Entry("import_", "Make a project of plain manifests, or Helm's output", BEGIN),
    "migrate": Entry("migrate", "Turn a k8s-istio-control project into one of meshctl", BEGIN),
    "start": Entry("start", "Apply services in the order of their needs, wait until ready", RUN),
    "stop": Entry("stop", "Delete services in reverse order and wait until they are gone", RUN),
    "restart": Entry("restart", "Roll the pods of services, in order, waiting for each", RUN),
    "reload": Entry("reload", "Apply changed ConfigMaps and Secrets, roll what uses them", RUN),
    "scale": Entry("scale", "Give services another number of pods", RUN),
    "wait": Entry("wait", "Wait until services are ready, or gone, and say why not", RUN),
    "history": Entry("history", "List the runs of this namespace, or show one", RUN),
    "rollback": Entry("rollback", "Go back to what an earlier run applied", RUN),
    "diff": Entry("diff", "Show what start would change, field by field", RUN),
    "status": Entry("status", "Show each service: ready or why not, image, age, drift", LOOK),
    "describe": Entry("describe", "Show all of a service, and why it is not ready", LOOK),
    "events": Entry("events", "List the Events of services, of their pods too", LOOK),
    "pods": Entry("pods", "List the pods by service", LOOK),
    "services": Entry("services", "List the Kubernetes Services by service", LOOK),
    "ports": Entry("ports", "List ports, and the command that forwards each", LOOK),
    "logs": Entry("logs", "Show the logs of many pods as one stream", LOOK),
    "exec": Entry("exec", "Run a command in a container of a service", LOOK),
    "port-forward": Entry("port_forward", "Make ports of this machine lead into services", LOOK),
    "list": Entry("list", "List the services, groups or environments of the project", PROJECT),
    "gen": Entry("gen", "Render the manifests into the output folder", PROJECT),
    "check": Entry("check", "Find what is wrong before a cluster does, with its line", PROJECT),
    "graph": Entry("graph", "Show which service waits for which", PROJECT),
    "config view": Entry("config_view", "Show the effective config", PROJECT),
    "config schema": Entry("config_schema", "Print the JSON Schema of the project file", PROJECT),
    "config origins": Entry("config_origins", "Show where each value of the config comes from", PROJECT),
    "namespace list": Entry("namespace_list", "List the namespaces that meshctl has made", NAMESPACES),
    "namespace gc": Entry("namespace_gc", "Delete those whose time is up", NAMESPACES),
    "sandbox up": Entry("sandbox_up", "Start a real Kubernetes control plane on this machine", SANDBOX),
    "sandbox down": Entry("sandbox_down", "Stop it and remove what it left", SANDBOX),
    "sandbox status": Entry("sandbox_status", "Show whether it runs, and its programs", SANDBOX),
    "sandbox logs": Entry("sandbox_logs", "Show the logs of its programs", SANDBOX),
    "doctor": Entry("doctor", "Find what is wrong with project, cluster, rights and Istio", OTHER),
    "completion": Entry("completion", "Print the completion script of a shell", OTHER),
    "version": Entry("version", "Print the version of meshctl", OTHER),
}

GROUPS: dict[str, str] = {
    "config": "Show the config that is in force, and where it comes from",
    "namespace": "List developers' namespaces, and collect the expired",
    "sandbox": "Run a real Kubernetes control plane on this machine",
}

ALIASES: dict[str, str] = {
    "log": "logs",
    "pod": "pods",
    "port": "ports",
    "ps": "status",
    "service": "services",
    "svc": "services",
}
"""The words of the tool that meshctl grew out of: understood, and shown nowhere."""


def members(group: str) -> dict[str, Entry]:
    """The commands of a group, by their last word."""
    return {name.removeprefix(f"{group} "): entry for name, entry in COMMANDS.items() if name.startswith(f"{group} ")}
