//! The command line: `modelspec`. Each command is a file under `commands`; all that they know of
//! graphs they ask the core.

mod commands;
mod report;
mod source;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use mimalloc::MiMalloc;

/// Documents are many small values: with the system's own allocator large exports take a quarter longer.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Check, format, compare, lock, simulate and export graphs of models.
#[derive(Debug, Parser)]
#[command(name = "modelspec", version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(commands::check::Check),
    Diff(commands::diff::Diff),
    Export(commands::export::Export),
    Explain(commands::explain::Explain),
    Fmt(commands::fmt::Fmt),
    Fill(commands::fill::Fill),
    Catalogue(commands::catalogue::Catalogue),
    Lock(commands::lock::Lock),
    Verify(commands::verify::Verify),
    Import(commands::import::Import),
    Simulate(commands::simulate::Simulate),
    Calibrate(commands::calibrate::Calibrate),
    Merge(commands::simulate::Merge),
    Schema(commands::schema::Schema),
    Completions(commands::completions::Completions),
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// Nothing at or above the level that was asked for.
    Fine,
    /// Findings at or above it.
    Findings,
}

/// Bad use, or a file that cannot be read: a sentence with the way out.
#[derive(Debug)]
struct Failure(String);

impl<E: core::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Check(check) => check.run(),
        Command::Diff(diff) => diff.run(),
        Command::Export(export) => export.run(),
        Command::Explain(explain) => explain.run(),
        Command::Fmt(fmt) => fmt.run(),
        Command::Fill(fill) => fill.run(),
        Command::Catalogue(catalogue) => catalogue.run(),
        Command::Lock(lock) => lock.run(),
        Command::Verify(verify) => verify.run(),
        Command::Import(import) => import.run(),
        Command::Simulate(simulate) => simulate.run(),
        Command::Calibrate(calibrate) => calibrate.run(),
        Command::Merge(merge) => merge.run(),
        Command::Schema(schema) => schema.run(),
        Command::Completions(completions) => completions.run(),
    };
    match result {
        Ok(Outcome::Fine) => ExitCode::SUCCESS,
        Ok(Outcome::Findings) => ExitCode::from(1),
        Err(Failure(message)) => {
            eprintln!("error: {message}");
            ExitCode::from(2)
        }
    }
}

/// Writes to standard output; a reader that went away early is no error.
fn print(text: &str) -> Result<(), Failure> {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
