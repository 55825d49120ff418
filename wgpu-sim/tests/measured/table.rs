//! Tables of measurements.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// A row by its columns.
pub(crate) type Row = BTreeMap<String, String>;

/// The text of a file among the shared data; none, said on the error stream, where it is not there.
pub(crate) fn shared(path: &str) -> Option<String> {
    let folder = std::env::var_os("MODELSPEC_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared")),
        PathBuf::from,
    );
    let path = folder.join("data").join(path);
    let text = std::fs::read_to_string(&path).ok();
    if text.is_none() {
        eprintln!("skipped: {} is not there", path.display());
    }
    text
}

/// The rows of a table without quoted cells.
pub(crate) fn rows(text: &str) -> Vec<Row> {
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap_or("").split(',').collect();
    let row = |line: &str| {
        let cells = line.split(',').map(str::to_owned);
        let names = header.iter().map(|&name| name.to_owned());
        names.zip(cells).collect()
    };
    lines.map(row).collect()
}

/// A number of a row; a cell that is none is a mistake of the table.
pub(crate) fn number(row: &Row, column: &str) -> f64 {
    let cell = row.get(column).map_or("", String::as_str);
    cell.parse()
        .unwrap_or_else(|_| panic!("`{column}` is `{cell}` in {row:?}"))
}

/// The quantile of values, the nearest rank.
pub(crate) fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // A place in the list.
    let at = (share * (sorted.len().max(1) - 1) as f64).round() as usize;
    sorted[at]
}

/// The median of sizes.
pub(crate) fn median_size(values: &[f64]) -> f64 {
    quantile(
        &values.iter().map(|value| value.abs()).collect::<Vec<_>>(),
        0.5,
    )
}
