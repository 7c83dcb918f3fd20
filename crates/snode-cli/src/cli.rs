//! The command line.

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::arguments::with_negative_numbers;
use crate::commands::{
    attack, cancel, collect, compare, completions, data, doctor, eval, export, gradcheck, import,
    init, ls, man, noise, report, robustness, run, seal, show, solvers, status, submit, task,
    train_cell, uncertainty, validate, workprecision,
};
use crate::error::{Error, Result};
use crate::output::{print, say};
use crate::{examples, interrupt};
use snode_experiment::{DeviceName, synonym};
use snode_runner::device::choose_by_option;

/// Standalone neural ODEs: networks that are one ordinary differential equation, trained by
/// nonlinear conjugate gradients.
#[derive(Debug, Parser)]
#[command(
    name = "snode",
    version,
    after_help = "Begin with `snode init`, which writes an experiment to start from, and \
                  `snode run` on it; docs/experiments.md of the repository explains every key.\n\n\
                  Exit codes: 0 success; 1 something failed while working; 2 the command line, a \
                  configuration or a file it names was refused before any work; 75 another process \
                  holds what is asked for, try again later; 130 interrupted, all progress is saved; \
                  131 interrupted, nothing new is saved.\n\n\
                  Signals: INT (Ctrl-C), TERM, HUP, QUIT, USR1, USR2 and XCPU all ask a run to write \
                  a checkpoint and to end, and any burst of them counts as one. A second Ctrl-C, \
                  more than a second after the first, ends at once. Commands other than run end at \
                  once, and leave no half-written file. A signal that the parent process ignores \
                  stays ignored."
)]
pub struct Cli {
    /// What computes under Euler's scheme, with the same bits; the experiment's, or the CPU, if not
    /// given.
    #[arg(long, global = true, value_enum, value_name = "DEVICE")]
    pub device: Option<DeviceName>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Train the network of an experiment, or those of a grid, or go on with them.
    #[command(after_help = examples::RUN)]
    Run(run::RunArgs),
    /// Train the cell of a grid that the standard input describes.
    #[command(name = train_cell::TRAIN_CELL, hide = true)]
    TrainCell,
    /// Submit the cells of a grid to Slurm, or those that are missing.
    #[command(after_help = examples::SUBMIT)]
    Submit(submit::SubmitArgs),
    /// Cancel cells of a grid that were submitted to Slurm.
    #[command(after_help = examples::CANCEL)]
    Cancel(cancel::CancelArgs),
    /// Train the cells of a task of a submission.
    #[command(hide = true)]
    Task(task::TaskArgs),
    /// Show how far the cells of a grid are.
    #[command(after_help = examples::STATUS)]
    Status(status::StatusArgs),
    /// Copy the results of a grid into one file.
    #[command(after_help = examples::COLLECT)]
    Collect(collect::CollectArgs),
    /// List runs: what tells them apart, and how they did.
    #[command(after_help = examples::LS)]
    Ls(ls::LsArgs),
    /// Compare two runs: what differs in their experiments, and their results.
    #[command(after_help = examples::COMPARE)]
    Compare(compare::CompareArgs),
    /// Write a commented experiment to start from.
    #[command(after_help = examples::INIT)]
    Init(init::InitArgs),
    /// Check an experiment, and show all its values and what it will take.
    #[command(after_help = examples::VALIDATE)]
    Validate(validate::ValidateArgs),
    /// Show what a file of results holds.
    #[command(after_help = examples::SHOW)]
    Show(show::ShowArgs),
    /// Accept what another program has changed in a file of results.
    #[command(after_help = examples::SEAL)]
    Seal(seal::SealArgs),
    /// Measure a trained network on images.
    #[command(after_help = examples::EVAL)]
    Eval(eval::EvalArgs),
    /// Compare predicted and measured noise propagation, layer by layer.
    #[command(visible_alias = "sensitivity", after_help = examples::NOISE)]
    Noise(noise::NoiseArgs),
    /// Measure accuracy under noise.
    #[command(after_help = examples::ROBUSTNESS)]
    Robustness(robustness::RobustnessArgs),
    /// Predict what noise does to predictions, without noisy data, and measure it.
    #[command(after_help = examples::UNCERTAINTY)]
    Uncertainty(uncertainty::UncertaintyArgs),
    /// Attack a trained network, and keep the adversarial images.
    #[command(after_help = examples::ATTACK)]
    Attack(Box<attack::AttackArgs>),
    /// Report on many runs: tables, figures and claims on one page.
    #[command(after_help = examples::REPORT)]
    Report(report::ReportArgs),
    /// Train an experiment under several schemes, and solve each result by all of them.
    #[command(after_help = examples::SOLVERS)]
    Solvers(solvers::SolversArgs),
    /// Measure error against work: schemes on a trained network against a tight reference.
    #[command(name = "workprecision", after_help = examples::WORKPRECISION)]
    WorkPrecision(Box<workprecision::WorkArgs>),
    /// Check the derivatives of an experiment's network on a batch of its images.
    #[command(after_help = examples::GRADCHECK)]
    Gradcheck(gradcheck::GradcheckArgs),
    /// Write a trained network for other programs.
    #[command(after_help = examples::EXPORT)]
    Export(export::ExportArgs),
    /// Import a network trained elsewhere.
    #[command(after_help = examples::IMPORT)]
    Import(import::ImportArgs),
    /// List, inspect and import images.
    #[command(subcommand, after_help = examples::DATA)]
    Data(data::DataCommand),
    /// Check this computer: versions, threads, speed, memory.
    #[command(after_help = examples::DOCTOR)]
    Doctor(doctor::DoctorArgs),
    /// Print a completion script for a shell.
    #[command(after_help = examples::COMPLETIONS)]
    Completions(completions::CompletionsArgs),
    /// Print or write the manual pages.
    #[command(after_help = examples::MAN)]
    Man(man::ManArgs),
}

/// The command line as it is read.
pub fn command() -> clap::Command {
    with_negative_numbers(Cli::command())
}

/// Runs the program with the arguments of its process.
pub fn main() -> ExitCode {
    match parse().and_then(|cli| cli.map_or(Ok(()), |cli| execute(&cli))) {
        // Whoever stopped reading has what they wanted.
        Ok(()) | Err(Error::BrokenPipe) => ExitCode::SUCCESS,
        Err(error) => {
            let is_interrupted = matches!(error, Error::Interrupted(_) | Error::NotSaved(_));
            let prefix = if is_interrupted { "" } else { "error: " };
            say(&format!("{prefix}{error}"));
            error.exit_code()
        }
    }
}

/// The command line; nothing if it asks for help or the version, which are printed.
fn parse() -> Result<Option<Cli>> {
    let matches = command().try_get_matches().map_err(with_synonym);
    match matches.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => {
            interrupt::install()?;
            Ok(Some(cli))
        }
        Err(error) if error.use_stderr() => error.exit(),
        Err(help) => {
            // Colours only where they are seen, and an error if the text cannot be written.
            let text = help.render();
            let is_terminal = std::io::stdout().is_terminal();
            let text = if is_terminal { text.ansi().to_string() } else { text.to_string() };
            print(&text).map(|()| None)
        }
    }
}

/// The error with the name that is meant, where another word for it was given.
fn with_synonym(mut error: clap::Error) -> clap::Error {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => vec![text.clone()],
        Some(ContextValue::Strings(texts)) => texts.clone(),
        _ => Vec::new(),
    };
    let (found, there) = (text(ContextKind::InvalidValue), text(ContextKind::ValidValue));
    let there: Vec<&str> = there.iter().map(String::as_str).collect();
    if let Some(meant) = found.first().and_then(|found| synonym(found, &there)) {
        error.insert(ContextKind::SuggestedValue, ContextValue::String(meant.to_owned()));
    }
    error
}

fn execute(cli: &Cli) -> Result<()> {
    choose_by_option(cli.device);
    match &cli.command {
        Command::Run(args) => run::run(args),
        Command::TrainCell => train_cell::run(),
        Command::Submit(args) => submit::run(args),
        Command::Cancel(args) => cancel::run(args),
        Command::Task(args) => task::run(args),
        Command::Status(args) => status::run(args),
        Command::Collect(args) => collect::run(args),
        Command::Ls(args) => ls::run(args),
        Command::Compare(args) => compare::run(args),
        Command::Init(args) => init::run(args),
        Command::Validate(args) => validate::run(args),
        Command::Show(args) => show::run(args),
        Command::Seal(args) => seal::run(args),
        Command::Eval(args) => eval::run(args),
        Command::Noise(args) => noise::run(args),
        Command::Robustness(args) => robustness::run(args),
        Command::Uncertainty(args) => uncertainty::run(args),
        Command::Attack(args) => attack::run(args),
        Command::Report(args) => report::run(args),
        Command::Solvers(args) => solvers::run(args),
        Command::WorkPrecision(args) => workprecision::run(args),
        Command::Gradcheck(args) => gradcheck::run(args),
        Command::Export(args) => export::run(args),
        Command::Import(args) => import::run(args),
        Command::Data(command) => data::run(command),
        Command::Doctor(args) => doctor::run(args),
        Command::Completions(args) => completions::run(args, command()),
        Command::Man(args) => man::run(args, command()),
    }
}
