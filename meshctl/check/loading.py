"""The pages of what loading a config and rendering its templates say. They are found there, with their lines."""

from __future__ import annotations

from meshctl.check.finding import Severity
from meshctl.check.rules import explained

_PAGES: tuple[tuple[str, Severity, str], ...] = (
    (
        "MSH001",
        "error",
        """A file that is no YAML.

        Something in it cannot be read at all: an indent, a quote, a character that YAML does not take. The place is
        where reading stopped; the cause may be a line above.
        """,
    ),
    (
        "MSH002",
        "error",
        """A key that a mapping has twice.

        One of the two values would be dropped in silence. Keep one.
        """,
    ),
    (
        "MSH003",
        "warning",
        """A plain scalar that YAML 1.1 and YAML 1.2 read differently.

        `on`, `y`, `017` and `12:30` are a boolean, a boolean, 15 and 750 to some readers, and texts to others. meshctl
        reads them as Kubernetes does. Quotes make a text of it for everyone.
        """,
    ),
    (
        "MSH010",
        "error",
        """A value in the project file that is not what its key takes.

        The message says what is wanted. docs/config.md describes every key.
        """,
    ),
    (
        "MSH011",
        "error",
        """A key that the project file does not have.

        It is mistyped, or indented too little or too much. `meshctl config schema` prints the JSON Schema, with which
        editors complete and check keys while you type.
        """,
    ),
    (
        "MSH012",
        "error",
        """A name that is not declared.

        Lists of services and groups, and `needs`, name services of `service` and groups of `service_group`. A group in
        a group has an @ before its name.
        """,
    ),
    ("MSH013", "error", "A service that one list declares twice.\n\nKeep one of the two."),
    (
        "MSH014",
        "error",
        """A group that contains itself.

        The message names the circle, membership by membership. Take one of them out.
        """,
    ),
    (
        "MSH015",
        "error",
        """Services that need each other in a circle.

        None of them could ever start. The message names the circle need by need, each with its line; take out the one
        that can wait.
        """,
    ),
    (
        "MSH016",
        "error",
        """A name that has to be a DNS label and is none.

        Names of projects, services and namespaces become labels and host names: a-z, 0-9 and `-`, at most 63.
        """,
    ),
    (
        "MSH017",
        "error",
        """Variables that read each other in a circle.

        None of them has a value. The message names the circle with its lines.
        """,
    ),
    (
        "MSH018",
        "error",
        """A variable that a value of the config reads and nothing defines.

        Define it under `vars`, or give it a default: `{{ env.REGISTRY | default('registry.local') }}`.
        """,
    ),
    (
        "MSH019",
        "error",
        """A project for another version of meshctl.

        `requires` says which it is written for.
        """,
    ),
    (
        "MSH020",
        "error",
        """A file that cannot be read.

        It is not there, is no ordinary file, is too large, or its rights forbid it.
        """,
    ),
    (
        "MSH021",
        "error",
        """A path that leads out of the project.

        Everything that a project reads and writes is inside of its folder.
        """,
    ),
    (
        "MSH101",
        "error",
        """A file that is no template.

        Jinja does not understand it: a tag is not closed, a word is unknown, or a template that it takes in is not
        there.
        """,
    ),
    (
        "MSH102",
        "error",
        """A variable that a template reads and nothing defines.

        The suggestion says where it could be defined, and what is called nearly so. A value that may be absent has a
        default: `{{ replicas | default(1) }}`.
        """,
    ),
    (
        "MSH103",
        "error",
        """Go template syntax in a template.

        Templates are Jinja. `meshctl migrate` translates those of k8s-istio-control.
        """,
    ),
    (
        "MSH104",
        "error",
        """A template that takes in something outside of the project.

        By `..`, by an absolute path, or by a link.
        """,
    ),
    (
        "MSH105",
        "error",
        """A template that renders to no YAML.

        The place is the template's line that made the text where reading stopped; more often than not an indent is
        wrong, and `nindent` puts it right.
        """,
    ),
    (
        "MSH106",
        "error",
        """A document that is no object.

        An object has `apiVersion`, `kind` and `metadata.name`.
        """,
    ),
    (
        "MSH107",
        "error",
        """Two objects that are the same.

        Two templates, or two services, render the same kind with the same name; one would overwrite the other. Give one
        another name, `{{ service.name }}-config`.
        """,
    ),
    (
        "MSH108",
        "error",
        """An object for a namespace of somebody else.

        Objects belong into the developer's own namespace, and need not name it. Others have to be in
        `cluster.allow_namespaces`.
        """,
    ),
    (
        "MSH109",
        "error",
        """A service without templates.

        They are in the folder of its name below `templates`, or in the one that `template` names.
        """,
    ),
    (
        "MSH110",
        "warning",
        """A variable that hides one of meshctl's own.

        Templates see `namespace`, `project`, `user`, `env` and `service`; a variable of such a name comes first.
        meshctl's own are always there as `meshctl.namespace` and so on.
        """,
    ),
    (
        "MSH111",
        "warning",
        """A label of ownership that a template has otherwise.

        meshctl writes it itself, so that it finds its own objects again.
        """,
    ),
    ("MSH112", "error", "A template that refuses to render.\n\nIt calls `fail` with the message that is told."),
    (
        "MSH113",
        "error",
        """An object that says it is part of an ApplySet already.

        Every service is an ApplySet of meshctl's own, by which it finds what to prune, and an object can be in one
        only. Take the label out of the template.
        """,
    ),
    (
        "MSH114",
        "error",
        """A template that fails while it renders.

        A value has another type than the template expects, or the result would be too large, or never end.
        """,
    ),
    (
        "MSH115",
        "error",
        """A secret value outside of a Secret.

        What `secrets` names may be rendered into Secret objects alone: everything else is stored, shown and logged in
        plain. Put it into a Secret, and let the pod read it by `secretKeyRef`.
        """,
    ),
)

PAGES = tuple(explained(code, severity, text) for code, severity, text in _PAGES)
