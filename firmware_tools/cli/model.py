"""``cygnet model``: from an idea to a tested int8 model."""

import click

from firmware_tools.cli.lazy import load_command

# verb -> (where its click command is, its line in the overview); each needs the extra ``train``, unless it says less.
_VERBS: dict[str, tuple[str, str]] = {
    "new": (
        "firmware_tools.cli.model_new:new",
        "Begin a model of your own, with a recipe that runs in a minute or two.",
    ),
    "data": ("firmware_tools.cli.model_data:data", "Make the data set of a recipe."),
    "train": ("firmware_tools.cli.model_train:train", "Train the network of a recipe."),
    "import": ("firmware_tools.cli.model_import:import_", "Make an int8 model of one of another framework."),
    "quantize": ("firmware_tools.cli.model_quantize:quantize", "Make the int8 model of a recipe."),
    "test": ("firmware_tools.cli.model_test:test", "Measure what a card promises; a report, and a gate."),
    "list": ("firmware_tools.cli.model_list:list_models", "Every model that is here."),
    "show": ("firmware_tools.cli.model_list:show", "A model's card, for reading."),
    "publish": ("firmware_tools.cli.model_publish:publish", "Publish a model to a fleet."),
}
_EXTRAS = {"publish": "fleet,inference"}


class _Verbs(click.Group):
    """Loads a verb's module at its first use, since TensorFlow takes seconds."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        return list(_VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 (click's signature)
        if cmd_name not in _VERBS:
            return None
        return load_command(_VERBS[cmd_name][0], f"cygnet model {cmd_name}", _EXTRAS.get(cmd_name, "train"))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(verb, line) for verb, (_, line) in _VERBS.items()])


@click.group(cls=_Verbs)
def model() -> None:
    """Make, test and publish models."""
