//! Tables of measurements, to calibrate a service by.
//!
//! Comma-separated values under a line of headings. What is measured is known by them:
//!
//! | headings | a line is |
//! |---|---|
//! | `batch`, `time` | a batch of so many requests |
//! | `sequences`, `contextTokens`, `generatedTokens`, `tpot` | a server that always held so many requests of such lengths, and the mean time per token of an answer |
//! | `arrival`, `contextTokens`, `generatedTokens`, `ttft`, `tpot` | a request: when it came, and its times to the first token and for each one behind it; both may be empty where they are not known |
//!
//! Other columns are not read. Times have their unit, as in `9.2ms`, or their heading has it, as
//! `tpot_ms`. Arrivals are dates or seconds, in order.

use core::time::Duration;

use modelspec_core::spec;

use super::StepLoad;
use super::calibrate::{MeasuredBatch, MeasuredStep};
use super::replay::{Request, Times};
use crate::trace::{TableError, cell, time};

/// What was measured of a node.
#[derive(Clone, Debug, PartialEq)]
pub enum Measurements {
    /// Batches of requests.
    Batches(Vec<MeasuredBatch>),
    /// Mean steps of continuous batching.
    Steps(Vec<MeasuredStep>),
    /// Requests under continuous batching, with what is known of their times.
    Requests {
        /// In the order in which they came.
        requests: Vec<Request>,
        /// How long each took.
        times: Vec<Option<Times>>,
    },
}

/// Reads a table of measurements.
///
/// # Errors
/// [`TableError`] for headings that tell no kind of measurement, and for the first cell that is not
/// what its heading says.
pub fn read(text: &str) -> Result<Measurements, TableError> {
    let mut lines = (1_usize..).zip(text.lines());
    let headings = lines.next().map_or("", |(_, line)| line);
    let headings: Vec<Heading> = headings.split(',').map(Heading::new).collect();
    let has = |names: &[&str]| {
        let mut names = names.iter();
        names.all(|name| headings.iter().any(|heading| heading.name == *name))
    };
    let rows = lines.filter(|(_, line)| !line.trim().is_empty());
    let rows = rows.map(|(line, text)| Row {
        headings: &headings,
        line,
        cells: text.split(',').map(cell).collect(),
    });
    let lengths = has(&["contexttokens", "generatedtokens", "tpot"]);
    if has(&["batch", "time"]) {
        let batches = rows.map(|row| {
            Ok(MeasuredBatch {
                size: row.count("batch")?.into(),
                time: row.time("time")?,
            })
        });
        return Ok(Measurements::Batches(batches.collect::<Result<_, _>>()?));
    }
    if lengths && has(&["arrival", "ttft"]) {
        return requests(rows);
    }
    if lengths && has(&["sequences"]) {
        let steps = rows.map(|row| {
            let count = |heading| row.count(heading).map(f64::from);
            let (prompt, answer) = (count("contexttokens")?, count("generatedtokens")?);
            Ok(MeasuredStep {
                load: StepLoad::steady(count("sequences")?, prompt, answer),
                time: row.time("tpot")?,
            })
        });
        return Ok(Measurements::Steps(steps.collect::<Result<_, _>>()?));
    }
    Err(TableError {
        line: 1,
        reason: "the headings tell no measurements; head the columns `batch,time`, or \
                 `sequences,contextTokens,generatedTokens,tpot`, or \
                 `arrival,contextTokens,generatedTokens,ttft,tpot`"
            .to_owned(),
    })
}

fn requests<'r>(rows: impl Iterator<Item = Row<'r>>) -> Result<Measurements, TableError> {
    let (mut requests, mut times) = (Vec::new(), Vec::new());
    let (mut start, mut before) = (None, 0);
    for row in rows {
        let arrival = row.cell("arrival");
        let at = time(arrival).ok_or_else(|| {
            row.fail(format!(
                "`{arrival}` is not a time; write it as `2023-11-16 18:15:46.68`, or in seconds"
            ))
        })?;
        if at < before {
            return Err(row.fail(format!(
                "`{arrival}` is before the line above; sort the requests by time"
            )));
        }
        before = at;
        let start = *start.get_or_insert(at);
        let answer = row.count("generatedtokens")?;
        requests.push(Request {
            came: Duration::from_nanos(at.saturating_sub(start)),
            prompt: row.count("contexttokens")?,
            answer,
        });
        if row.cell("ttft").is_empty() && row.cell("tpot").is_empty() {
            times.push(None);
            continue;
        }
        let first = row.time("ttft")?;
        let behind = answer.saturating_sub(1);
        let each = if behind == 0 { 0.0 } else { row.time("tpot")? };
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Saturates.
        let nanos = |time: f64| Duration::from_nanos(libm::round(time) as u64);
        times.push(Some(Times {
            first_token: nanos(first),
            last_token: nanos(first + f64::from(behind) * each),
        }));
    }
    Ok(Measurements::Requests { requests, times })
}

/// A heading: its name in small letters and digits, and the unit of its cells in nanoseconds.
struct Heading {
    name: String,
    unit: Option<f64>,
}

impl Heading {
    fn new(text: &str) -> Self {
        let text = cell(text).trim_end_matches(')');
        let (stem, suffix) = text
            .rsplit_once(|c: char| !c.is_ascii_alphanumeric())
            .unwrap_or((text, ""));
        let unit = match suffix {
            "ns" => Some(1.0),
            "us" => Some(1e3),
            "ms" => Some(1e6),
            "s" => Some(1e9),
            _ => None,
        };
        let name = if unit.is_some() { stem } else { text };
        let letters = name.chars().filter(char::is_ascii_alphanumeric);
        Self {
            name: letters.map(|c| c.to_ascii_lowercase()).collect(),
            unit,
        }
    }
}

struct Row<'t> {
    headings: &'t [Heading],
    line: usize,
    cells: Vec<&'t str>,
}

impl Row<'_> {
    fn fail(&self, reason: String) -> TableError {
        TableError {
            line: self.line,
            reason,
        }
    }

    fn find(&self, name: &str) -> (&str, Option<f64>) {
        let mut columns = self.headings.iter().zip(&self.cells);
        let found = columns.find(|(heading, _)| heading.name == name);
        found.map_or(("", None), |(heading, cell)| (*cell, heading.unit))
    }

    fn cell(&self, name: &str) -> &str {
        self.find(name).0
    }

    fn count(&self, name: &str) -> Result<u32, TableError> {
        let cell = self.cell(name);
        let count = cell.parse().ok().filter(|&count| count > 0);
        count.ok_or_else(|| self.fail(format!("`{cell}` is no number from 1 for `{name}`")))
    }

    /// A time in nanoseconds.
    fn time(&self, name: &str) -> Result<f64, TableError> {
        let (cell, unit) = self.find(name);
        let stated = spec::Duration::parse(cell).map(|time| time.0 as f64);
        let bare = || Some(cell.parse::<f64>().ok()? * unit?);
        let time = stated.or_else(bare);
        time.filter(|time| time.is_finite() && *time >= 0.0)
            .ok_or_else(|| {
                self.fail(format!(
                    "`{cell}` is no time for `{name}`; give its unit, as in `9.2ms`, or head the \
                     column `{name}_ms`"
                ))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_tell_what_was_measured() {
        let batches = read("batch,time\n1,5ms\n8,9.25ms\n\n").unwrap();
        let at = |size, time| MeasuredBatch { size, time };
        let expected = vec![at(1.0, 5e6), at(8.0, 9.25e6)];
        assert_eq!(batches, Measurements::Batches(expected));
        let steps =
            read("sequences,context_tokens,Generated Tokens,gpu,tpot_us\n8,512,64,L4,9500\n");
        let step = MeasuredStep {
            load: StepLoad::steady(8.0, 512.0, 64.0),
            time: 9.5e6,
        };
        assert_eq!(steps.unwrap(), Measurements::Steps(vec![step]));
        let text = "arrival,contextTokens,generatedTokens,ttft (ms),tpot (ms)\n\
                    10.5,100,5,80,20\n11.25,40,1,95,\n11.25,30,9,,\n";
        let ms = Duration::from_millis;
        let request = |came, prompt, answer| Request {
            came: ms(came),
            prompt,
            answer,
        };
        let times = |first, last| {
            Some(Times {
                first_token: ms(first),
                last_token: ms(last),
            })
        };
        let expected = Measurements::Requests {
            requests: vec![request(0, 100, 5), request(750, 40, 1), request(750, 30, 9)],
            times: vec![times(80, 160), times(95, 95), None],
        };
        assert_eq!(read(text).unwrap(), expected);
    }

    #[test]
    fn what_is_no_measurement_says_where() {
        let reason = |text: &str| read(text).unwrap_err().to_string();
        assert!(reason("size,seconds\n1,2\n").starts_with("line 1: the headings tell no"));
        assert_eq!(
            reason("batch,time\n1,5ms\n2,7\n"),
            "line 3: `7` is no time for `time`; give its unit, as in `9.2ms`, or head the column \
             `time_ms`"
        );
        assert_eq!(
            reason("batch,time\n0,5ms\n"),
            "line 2: `0` is no number from 1 for `batch`"
        );
        let requests = "arrival,contextTokens,generatedTokens,ttft,tpot\n";
        assert!(
            reason(&format!("{requests}5,1,2,1ms,1ms\n4,1,2,1ms,1ms\n"))
                .starts_with("line 3: `4` is before the line above")
        );
    }
}
