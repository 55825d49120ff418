use std::rc::Rc;

use modelspec_core::edit::Command;
use modelspec_core::graph::{Direction, PortIx};
use modelspec_core::order::Arrange as _;

use crate::dialogs::{self, Choice, Picker};
use crate::ui::{App, Glyph};
use crate::workspace::{Action, Notice, Target, targets};

/// How many ports are listed; typing finds the others by their node.
const MOST: usize = 400;

/// Lets the user choose what ports are joined with: what fits first, then what an adapter helps,
/// then the others with the reason.
pub(super) fn connect(app: App, what: &str, ports: &[PortIx]) {
    let document = app.workspace.document_now();
    let Some(graph) = &document.drawn.graph else {
        return;
    };
    let several = ports.len() > 1;
    let mut found: Vec<(PortIx, Target)> = Vec::new();
    for port in ports {
        let all = targets(&document, *port).into_iter();
        found.extend(all.map(|target| (*port, target)));
    }
    found.retain(|(_, target)| !is_own(target));
    found.arrange_by_key(|(_, target)| (!target.fits, !target.adapter));
    found.truncate(MOST);
    let choices = found.into_iter().filter_map(|(port, target)| {
        let own = graph.port(port)?;
        let gives = own.direction == Direction::Output;
        let path = graph.port_path(port);
        let (from, to) = if gives {
            (path, target.path.clone())
        } else {
            (target.path.clone(), path)
        };
        let arrow = if gives { "→" } else { "←" };
        let title = if several {
            format!("{} {arrow} {}", own.name, target.path)
        } else {
            target.path.clone()
        };
        let through = target.adapter;
        let reason = target.reason.unwrap_or_default();
        let detail = match (target.fits, through) {
            (true, _) => {
                let ty = document.drawn.typing.of(target.port);
                ty.map(|ty| ty.kind.word().to_owned()).unwrap_or_default()
            }
            (false, true) => format!("through an adapter: {reason}"),
            (false, false) => String::new(),
        };
        Some(Choice {
            title,
            detail,
            glyph: if through { Glyph::Adapter } else { Glyph::Edge },
            keys: None,
            refused: (!target.fits && !through).then_some(reason),
            run: Rc::new(move |app: App| {
                let (from, to) = (from.clone(), to.clone());
                let done = format!("Connected {from} to {to}.");
                let command = if through {
                    Command::ConnectThroughAdapter { from, to }
                } else {
                    Command::Connect { from, to }
                };
                if app.workspace.dispatch(Action::edit(command)) {
                    app.workspace.say(Notice::quiet(done));
                }
            }),
        })
    });
    let choices: Vec<Choice> = choices.collect();
    if choices.is_empty() {
        let why = format!("Nothing can be joined with {what}: there is no other port.");
        app.workspace.say(Notice::plain(why));
        return;
    }
    let picker = Picker {
        label: format!("Connect {what}"),
        placeholder: format!("Connect {what} with which port?"),
        choices,
    };
    dialogs::open(app, picker);
}

/// The other side of the same node is no choice at all.
fn is_own(target: &Target) -> bool {
    !target.fits && !target.adapter && target.reason.as_deref() == Some(Target::OWN)
}
