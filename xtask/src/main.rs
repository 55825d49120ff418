//! Set-up, build, test and bench: what the README's commands call.

mod process;
mod setup;
mod steps;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};

/// Sets up, builds, tests and serves the designer.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
struct Cli {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Set up what is missing, then check everything: formatting, lints, tests, budgets.
    Test(Test),
}

#[derive(Args)]
struct Test {
    /// Run only these steps (repeat the option, or separate by commas).
    #[arg(long, value_name = "STEP", value_delimiter = ',')]
    only: Vec<String>,
    /// List the steps and stop.
    #[arg(long)]
    list: bool,
}

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> Result<()> {
    match &cli.command {
        Task::Test(test) if test.list => {
            steps::list();
            Ok(())
        }
        Task::Test(test) => steps::test(&test.only),
    }
}
