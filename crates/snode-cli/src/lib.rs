//! The program `snode`: trains, evaluates and checks standalone neural ODEs.
//!
//! A command line over the library crates: arguments, tables, progress bars, JSON lines, signals and
//! exit codes. What it runs is in `snode-runner`, what an experiment says in `snode-experiment`, and
//! what a report shows in `snode-report`. The modules are public for the program's own tests.

// Built piece by piece from formatted parts; speed does not matter here.
#![allow(clippy::format_push_string)]

pub mod arguments;
pub mod cli;
pub mod commands;
pub mod error;
pub mod examples;
pub mod interrupt;
pub mod output;
pub mod outputs;
pub mod progress;
pub mod settings;
pub mod table;
pub mod watch;
