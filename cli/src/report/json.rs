use modelspec_core::text::LineIndex;
use serde_json::{Value, json};

use super::{Checked, place, url};

/// One array over all files; the keys are part of the program's contract.
pub(super) fn render(files: &[Checked]) -> String {
    let items: Vec<Value> = files.iter().flat_map(items).collect();
    let mut text = serde_json::to_string_pretty(&items).unwrap_or_default();
    text.push('\n');
    text
}

fn items(checked: &Checked) -> Vec<Value> {
    let Checked { source, found } = checked;
    let lines = LineIndex::new(&source.text);
    let item = |found: &modelspec_core::check::Diagnostic| {
        let at = place(source, &lines, found);
        let related = found.related.iter().map(|related| {
            let at = lines.position(&source.text, related.span.start);
            json!({"message": related.message, "line": at.line, "column": at.column})
        });
        let table = found
            .table
            .iter()
            .map(|row| json!({"what": row.what, "amount": row.amount}));
        let fixes = found
            .fixes
            .iter()
            .map(|fix| json!({"label": fix.label, "applicability": fix.applicability.word()}));
        let mut item = json!({
            "code": found.code.0,
            "severity": found.severity.word(),
            "message": found.message,
            "file": source.name,
            "line": at.line,
            "column": at.column,
            "endLine": at.end_line,
            "endColumn": at.end_column,
            "node": found.node,
            "port": found.port,
            "related": related.collect::<Vec<_>>(),
            "help": found.help,
            "fixes": fixes.collect::<Vec<_>>(),
            "url": url(found.code),
        });
        if !found.table.is_empty() {
            item["table"] = table.collect();
        }
        item
    };
    found.iter().map(item).collect()
}
