use std::collections::BTreeMap;

use super::geometry::Rect;

/// The side of a cell, in pixels at full size.
const CELL: f64 = 640.0;
/// What covers more cells than this stands in a list of its own.
const MOST_CELLS: i64 = 64;

/// Which of many rectangles lie in a part of the plane.
#[derive(Debug, Default)]
pub(super) struct Grid {
    cells: BTreeMap<(i32, i32), Vec<u32>>,
    large: Vec<u32>,
    /// For each rectangle, the question in which it was last found.
    seen: Vec<u32>,
    question: u32,
}

impl Grid {
    pub(super) fn new(rects: impl Iterator<Item = Rect>) -> Self {
        let mut grid = Self::default();
        for (at, rect) in rects.enumerate() {
            let Ok(at) = u32::try_from(at) else { break };
            grid.seen.push(0);
            let (columns, rows) = cells(rect);
            let covered = count(columns) * count(rows);
            if covered > MOST_CELLS {
                grid.large.push(at);
                continue;
            }
            for x in columns.0..=columns.1 {
                for y in rows.0..=rows.1 {
                    grid.cells.entry((x, y)).or_default().push(at);
                }
            }
        }
        grid
    }

    /// Those whose cells meet a part, each once, in no certain order.
    pub(super) fn find(&mut self, part: Rect, found: &mut Vec<usize>) {
        found.clear();
        self.question = self.question.wrapping_add(1);
        let question = self.question;
        let seen = &mut self.seen;
        let mut add = |at: &u32| {
            let at = *at as usize;
            if seen[at] != question {
                seen[at] = question;
                found.push(at);
            }
        };
        self.large.iter().for_each(&mut add);
        let (columns, rows) = cells(part);
        let asked = count(columns) * count(rows);
        if usize::try_from(asked).is_ok_and(|asked| asked <= self.cells.len()) {
            for x in columns.0..=columns.1 {
                for y in rows.0..=rows.1 {
                    self.cells
                        .get(&(x, y))
                        .into_iter()
                        .flatten()
                        .for_each(&mut add);
                }
            }
        } else {
            for ((x, y), slots) in &self.cells {
                if (columns.0..=columns.1).contains(x) && (rows.0..=rows.1).contains(y) {
                    slots.iter().for_each(&mut add);
                }
            }
        }
    }
}

/// The first and last column and row that a rectangle meets.
fn cells(rect: Rect) -> ((i32, i32), (i32, i32)) {
    #[allow(clippy::cast_possible_truncation)] // Saturates, and nothing is farther than that.
    let cell = |value: f64| (value / CELL).floor() as i32;
    (
        (cell(rect.left), cell(rect.right())),
        (cell(rect.top), cell(rect.bottom())),
    )
}

fn count(range: (i32, i32)) -> i64 {
    i64::from(range.1) - i64::from(range.0) + 1
}
