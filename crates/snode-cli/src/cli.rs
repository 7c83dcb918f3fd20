//! The command line.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::commands::{
    attack, collect, data, eval, export, gradcheck, import, init, robustness, run, sensitivity, show,
    solvers, status, validate,
};
use crate::error::{Error, Result};
use crate::output::say;

/// Standalone neural ODEs: networks that are one ordinary differential equation, trained by
/// nonlinear conjugate gradients.
#[derive(Debug, Parser)]
#[command(
    name = "snode",
    version,
    after_help = "Begin with `snode init`, which writes an experiment to start from, and \
                  `snode run` on it.\n\n\
                  Exit codes: 0 success; 1 something failed while working; 2 the command line, a \
                  configuration or a file it names was refused before any work; 130 interrupted, \
                  with a checkpoint to go on from."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Train the network of an experiment, or those of a grid, or go on with them.
    Run(run::RunArgs),
    /// Show how far the cells of a grid are.
    Status(status::StatusArgs),
    /// Copy the results of a grid into one file.
    Collect(collect::CollectArgs),
    /// Write a commented experiment to start from.
    Init(init::InitArgs),
    /// Check an experiment, and show all its values and what it will take.
    Validate(validate::ValidateArgs),
    /// Show what a file of results holds.
    Show(show::ShowArgs),
    /// Measure a trained network on images.
    Eval(eval::EvalArgs),
    /// Hold the estimated perturbation by noise against the measured one, through depth.
    Sensitivity(sensitivity::SensitivityArgs),
    /// Measure accuracy under noise.
    Robustness(robustness::RobustnessArgs),
    /// Attack a trained network, and keep the adversarial images.
    Attack(Box<attack::AttackArgs>),
    /// Train an experiment under several schemes, and solve each result by all of them.
    Solvers(solvers::SolversArgs),
    /// Check the derivatives of an experiment's network on a batch of its images.
    Gradcheck(gradcheck::GradcheckArgs),
    /// Write a trained network for other programs.
    Export(export::ExportArgs),
    /// Make a file of results of another program's network.
    Import(import::ImportArgs),
    /// List, inspect and import images.
    #[command(subcommand)]
    Data(data::DataCommand),
}

/// Runs the program with the arguments of its process.
pub fn main() -> ExitCode {
    match execute(&Cli::parse()) {
        // Whoever stopped reading has what they wanted.
        Ok(()) | Err(Error::BrokenPipe) => ExitCode::SUCCESS,
        Err(error) => {
            let prefix = if matches!(error, Error::Interrupted(_)) { "" } else { "error: " };
            say(&format!("{prefix}{error}"));
            error.exit_code()
        }
    }
}

fn execute(cli: &Cli) -> Result<()> {
    match &cli.command {
        Command::Run(args) => run::run(args),
        Command::Status(args) => status::run(args),
        Command::Collect(args) => collect::run(args),
        Command::Init(args) => init::run(args),
        Command::Validate(args) => validate::run(args),
        Command::Show(args) => show::run(args),
        Command::Eval(args) => eval::run(args),
        Command::Sensitivity(args) => sensitivity::run(args),
        Command::Robustness(args) => robustness::run(args),
        Command::Attack(args) => attack::run(args),
        Command::Solvers(args) => solvers::run(args),
        Command::Gradcheck(args) => gradcheck::run(args),
        Command::Export(args) => export::run(args),
        Command::Import(args) => import::run(args),
        Command::Data(command) => data::run(command),
    }
}
