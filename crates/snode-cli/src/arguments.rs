//! How numbers of the command line are read: any number, and then refused as one if it is out of
//! range.

use clap::Command;

/// What the value of an option is called that is a number, or several.
const NUMBERS: [&str; 5] = ["NUMBER", "NUMBERS", "CLASS", "CELL", "ROW,COLUMN"];

/// The same command whose options take negative numbers too, where they take numbers.
pub fn with_negative_numbers(command: Command) -> Command {
    let command = command.mut_args(|argument| {
        let is_number = argument
            .get_value_names()
            .is_some_and(|names| names.iter().any(|name| NUMBERS.contains(&name.as_str())));
        if is_number { argument.allow_hyphen_values(true) } else { argument }
    });
    command.mut_subcommands(with_negative_numbers)
}
