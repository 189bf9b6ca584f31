"""`spacy global-pointer`: entry point of spaCy's command line interface."""

from __future__ import annotations

import sys
from typing import Any

import typer
from spacy.cli._util import app
from typer.core import TyperGroup

from ..machine_faults import explain
from ..symbols import degrade_symbols
from ._util import ManyNumbers, fail
from .accelerate import accelerate_cli
from .annotate import annotate_cli
from .benchmark import benchmark_cli
from .config import config_cli
from .convert import convert_cli
from .cut import cut_cli
from .debug import debug_cli
from .distill import distill_cli
from .evaluate import evaluate_cli
from .export import export_cli
from .forget import forget_cli
from .lengthen import lengthen_cli
from .memory import memory_cli
from .pretrain import pretrain_cli
from .remember import remember_cli
from .render import render_cli
from .terminal import visible_warnings
from .train import train_cli
from .trim import trim_cli
from .tune import tune_cli

HELP = """Tools for span extraction with GlobalPointer: convert annotated texts,
check the data, and look at the results."""

#: Settings of a command that accepts settings of a config as further options.
WITH_OVERRIDES = {"allow_extra_args": True, "ignore_unknown_options": True}


class CommandGroup(TyperGroup):
    """Group of the commands. It runs each one whatever the output's encoding is,
    reports errors of the machine, and makes control characters in warnings visible."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command.

        ctx (Context): Context of the command.
        RETURNS (Any): Result of the command.
        """
        degrade_symbols(sys.stdout, sys.stderr)
        try:
            with visible_warnings():
                return super().invoke(ctx)
        except Exception as error:
            if explain(error) is None:
                raise
            fail(error)


# Plain help, as in spaCy's own commands.
global_pointer_cli = typer.Typer(
    name="global-pointer",
    cls=CommandGroup,
    help=HELP,
    no_args_is_help=True,
    rich_markup_mode=None,
)

global_pointer_cli.command("accelerate")(accelerate_cli)
global_pointer_cli.command("annotate")(annotate_cli)
global_pointer_cli.command("benchmark", cls=ManyNumbers)(benchmark_cli)
global_pointer_cli.command("config")(config_cli)
global_pointer_cli.command("convert")(convert_cli)
global_pointer_cli.command("cut", cls=ManyNumbers)(cut_cli)
global_pointer_cli.command("debug")(debug_cli)
global_pointer_cli.command("distill", context_settings=WITH_OVERRIDES)(distill_cli)
global_pointer_cli.command("evaluate")(evaluate_cli)
global_pointer_cli.command("export")(export_cli)
global_pointer_cli.command("forget")(forget_cli)
global_pointer_cli.command("lengthen")(lengthen_cli)
global_pointer_cli.command("memory")(memory_cli)
global_pointer_cli.command("pretrain")(pretrain_cli)
global_pointer_cli.command("remember")(remember_cli)
global_pointer_cli.command("render")(render_cli)
global_pointer_cli.command("train", context_settings=WITH_OVERRIDES)(train_cli)
global_pointer_cli.command("trim")(trim_cli)
global_pointer_cli.command("tune")(tune_cli)

app.add_typer(global_pointer_cli)
