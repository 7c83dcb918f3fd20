//! docs/cli.md says what the command line takes: it is made of the command line itself.

use std::fmt::Write as _;
use std::path::Path;

use clap::{Arg, Command};

const DOCUMENT: &str = "../../docs/cli.md";

/// Set to write the document instead of comparing it, as scripts/write-cli.sh does.
const WRITE: &str = "SNODE_WRITE_DOCS";

#[test]
fn the_document_is_that_of_the_command_line() {
    let text = document();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(DOCUMENT);
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = found.lines().zip(text.lines()).find(|(found, made)| found != made);
    assert!(
        found == text,
        "docs/cli.md is not what the command line says, first at {differs:?}; \
         `sh scripts/write-cli.sh` writes it anew"
    );
}

/// No option is without words, and none of one name means two things to the reader.
#[test]
fn every_option_is_described() {
    for command in commands() {
        for argument in arguments(&command) {
            let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.len() > 3, "{} {}: {help:?}", command.get_name(), argument.get_id());
        }
    }
}

/// One name for one thing: who has an option of this name has it in short, too.
#[test]
fn output_has_one_name() {
    let with = |name: &str| -> Vec<String> {
        let has = |command: &Command| {
            arguments(command).iter().any(|argument| argument.get_long() == Some(name))
        };
        commands().iter().filter(|c| has(c)).map(|c| c.get_name().to_owned()).collect()
    };
    for command in commands() {
        for argument in arguments(&command) {
            let is_output = argument.get_long() == Some("output");
            assert_eq!(is_output, argument.get_short() == Some('o'), "{}", command.get_name());
        }
    }
    for name in [
        "run",
        "submit",
        "cancel",
        "status",
        "collect",
        "noise",
        "robustness",
        "uncertainty",
        "attack",
        "report",
        "workprecision",
        "solvers",
        "export",
        "import",
        "man",
    ] {
        assert!(with("output").iter().any(|known| known == name), "{name} has no --output");
    }
    for name in ["robustness", "noise", "uncertainty"] {
        assert!(with("levels").iter().any(|known| known == name), "{name} has no --levels");
    }
    for name in ["eval", "robustness", "noise", "uncertainty", "attack", "workprecision"] {
        assert!(with("images").iter().any(|known| known == name), "{name} has no --images");
    }
    for name in ["run", "validate", "gradcheck", "solvers", "robustness", "noise", "attack"] {
        assert!(with("seed").iter().any(|known| known == name), "{name} has no --seed");
    }
    for name in [
        "run",
        "status",
        "collect",
        "ls",
        "compare",
        "validate",
        "show",
        "eval",
        "noise",
        "robustness",
        "uncertainty",
        "attack",
        "report",
        "workprecision",
        "gradcheck",
    ] {
        assert!(with("json").iter().any(|known| known == name), "{name} has no --json");
    }
}

/// The commands, those of `snode data` too.
fn commands() -> Vec<Command> {
    let mut root = snode_cli::cli::command();
    root.build();
    let mut all = Vec::new();
    for command in root.get_subcommands().filter(|command| !command.is_hide_set()) {
        let below: Vec<&Command> =
            command.get_subcommands().filter(|below| below.get_name() != "help").collect();
        if below.is_empty() && command.get_name() != "help" {
            all.push(command.clone());
        }
        all.extend(below.into_iter().cloned());
    }
    all
}

/// The arguments of a command, without those that all commands have.
fn arguments(command: &Command) -> Vec<Arg> {
    let common = ["help", "version", "device"];
    let own = command.get_arguments().filter(|argument| {
        !argument.is_hide_set() && !common.contains(&argument.get_id().as_str())
    });
    own.cloned().collect()
}

fn document() -> String {
    let mut root = snode_cli::cli::command();
    let about = root.get_long_about().or(root.get_about()).map(ToString::to_string);
    root.build();
    let mut text = format!(
        "# The command line\n\n<!-- Written by scripts/write-cli.sh from the command line itself. -->\n\n\
         {}.\n\n",
        about.unwrap_or_default().trim_end_matches('.')
    );
    text.push_str("| command | what it does |\n| --- | --- |\n");
    for command in commands() {
        let name = full_name(&command);
        let anchor = name.replace(' ', "-");
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        writeln!(text, "| [`{name}`](#{anchor}) | {} |", cell(&about)).unwrap();
    }
    text.push_str(
        "\nEvery command takes `--device DEVICE` and `--help`. What `--json` prints of a training is \
         in [events.md](events.md).\n",
    );
    if let Some(after) = root.get_after_help() {
        writeln!(text, "\n{after}").unwrap();
    }
    for command in commands() {
        add(&mut text, &command);
    }
    text
}

fn full_name(command: &Command) -> String {
    command.get_bin_name().unwrap_or(command.get_name()).to_owned()
}

fn add(text: &mut String, command: &Command) {
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    write!(text, "\n## {}\n\n{about}.\n", full_name(command)).unwrap();
    let aliases: Vec<&str> = command.get_visible_aliases().collect();
    if !aliases.is_empty() {
        writeln!(text, "Also called `{}`.", aliases.join("`, `")).unwrap();
    }
    let arguments = arguments(command);
    if !arguments.is_empty() {
        text.push_str("\n| argument | meaning |\n| --- | --- |\n");
    }
    for argument in arguments {
        writeln!(text, "| {} | {} |", name(&argument), meaning(&argument)).unwrap();
    }
    if let Some(examples) = command.get_after_help() {
        let examples = examples.to_string();
        let lines = examples.lines().skip(1).map(|line| format!("    {}\n", line.trim_start()));
        write!(text, "\n{}", lines.collect::<String>()).unwrap();
    }
}

/// An argument as it is typed.
fn name(argument: &Arg) -> String {
    let values: Vec<String> =
        argument.get_value_names().unwrap_or_default().iter().map(ToString::to_string).collect();
    let takes = argument.get_action().takes_values();
    let value = if takes { values.join(" ") } else { String::new() };
    let Some(long) = argument.get_long() else { return format!("`{}`", cell(&value)) };
    let mut names = Vec::new();
    names.extend(argument.get_short().map(|short| format!("`-{short}`")));
    names.push(format!("`--{long}{}{value}`", if value.is_empty() { "" } else { " " }));
    let aliases = argument.get_visible_aliases().unwrap_or_default();
    names.extend(aliases.iter().map(|alias| format!("`--{alias}`")));
    cell(&names.join(", "))
}

/// What it means, with its values and its default.
fn meaning(argument: &Arg) -> String {
    let mut text = argument.get_help().map(ToString::to_string).unwrap_or_default();
    // The program's help has no full stop behind a single sentence.
    if !text.ends_with('.') {
        text.push('.');
    }
    let values = argument.get_possible_values();
    let values: Vec<&str> = values
        .iter()
        .filter(|v| !v.is_hide_set())
        .map(clap::builder::PossibleValue::get_name)
        .collect();
    if argument.get_action().takes_values() && !values.is_empty() {
        write!(text, " One of `{}`.", values.join("`, `")).unwrap();
    }
    let defaults: Vec<String> =
        argument.get_default_values().iter().map(|v| v.to_string_lossy().into_owned()).collect();
    if argument.get_action().takes_values() && !defaults.is_empty() {
        write!(text, " Default: `{}`.", defaults.join(",")).unwrap();
    }
    cell(&text)
}

/// A text as the cell of a table.
fn cell(text: &str) -> String {
    text.replace('\n', " ").replace('|', "\\|")
}
