//! Set-up, build, test and bench: what the README's commands call.

mod budgets;
mod conformance;
mod peers;
mod process;
mod setup;
mod site;
mod steps;

use std::fs;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};

use crate::process::{cargo, node, run};

/// Sets up, builds, tests and serves the designer.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build the designer in release and serve it on this machine.
    Serve(Serve),
    /// Check everything: formatting, lints, tests, budgets.
    Test(Test),
    /// Install what is missing, and nothing else.
    Setup,
    /// Build the site into dist/.
    Build,
    /// Run the benchmarks; arguments after `--` go to them.
    Bench {
        #[arg(last = true)]
        arguments: Vec<String>,
    },
    /// Compare the simulator's speed with that of others, and in WebAssembly with native.
    Peers {
        /// Fail where a bar is missed.
        #[arg(long)]
        check: bool,
    },
    /// Fuzz a target (with the nightly toolchain); without a name, list the targets.
    Fuzz(Fuzz),
    /// Take the README's pictures from the real page.
    Screenshot {
        /// What the address has after `#`, such as a share link.
        #[arg(long, default_value = "")]
        hash: String,
    },
    /// Bundle the text editor; does nothing when the bundle is fresh.
    Editor,
    /// What trunk calls after its build: shrinks, checks and completes the site.
    #[command(hide = true)]
    SiteHook,
}

#[derive(Args)]
struct Serve {
    /// The port to listen on.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// The path under which the site is served.
    #[arg(long, default_value = "/")]
    prefix: String,
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

#[derive(Args)]
struct Fuzz {
    /// The target, a file of `fuzz/fuzz_targets`.
    target: Option<String>,
    /// How long to fuzz.
    #[arg(long, default_value_t = 60)]
    seconds: u32,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    process::use_own_tools();
    match dispatch(&cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(task: &Task) -> Result<()> {
    match task {
        Task::Serve(options) => site::serve(options.port, &options.prefix),
        Task::Test(options) if options.list => {
            steps::list();
            Ok(())
        }
        Task::Test(options) => steps::test(&options.only),
        Task::Setup => setup::everything(),
        Task::Build => site::build(),
        Task::Bench { arguments } => run(cargo(
            ["bench", "--workspace", "--bench", "*", "--"]
                .into_iter()
                .chain(arguments.iter().map(String::as_str)),
        )),
        Task::Peers { check } => peers::compare(*check),
        Task::Fuzz(options) => fuzz(options),
        Task::Screenshot { hash } => {
            setup::browser()?;
            site::build()?;
            run(node(["tests/e2e/screenshot.mjs", "--hash", hash]))
        }
        Task::Editor => site::editor().map(drop),
        Task::SiteHook => site::hook(),
    }
}

fn fuzz(options: &Fuzz) -> Result<()> {
    setup::fuzz()?;
    let Some(target) = &options.target else {
        return run(setup::nightly(["fuzz", "list"]));
    };
    // New inputs go to the first folder; the examples are where it starts from.
    let corpus = format!("fuzz/corpus/{target}");
    fs::create_dir_all(process::root().join(&corpus))?;
    let seconds = format!("-max_total_time={}", options.seconds);
    let arguments = [
        "fuzz",
        "run",
        target,
        &corpus,
        "public/examples",
        "--",
        &seconds,
    ];
    run(setup::nightly(arguments))
}
