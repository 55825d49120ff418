use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::{Cli, Failure, Outcome, print};

/// Print completions for a shell.
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell.
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "modelspec", &mut script);
        print(&String::from_utf8_lossy(&script))?;
        Ok(Outcome::Fine)
    }
}
