//! What was measured, beside its bar.

use std::hint::black_box;
use std::time::{Duration, Instant};

use mimalloc::MiMalloc;

/// The command line's.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Times that one thing took.
#[derive(Default)]
pub(crate) struct Times(pub(crate) Vec<Duration>);

impl Times {
    pub(crate) fn measure<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let done = black_box(work());
        self.0.push(start.elapsed());
        done
    }

    /// So many of a hundred measurements took no longer.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * percent).div_ceil(100);
        sorted
            .get(rank.saturating_sub(1))
            .copied()
            .unwrap_or_default()
    }

    /// Writes a line; whether the 99th percentile keeps the bar.
    pub(crate) fn show(&self, what: &str, bar: Option<Duration>) -> bool {
        self.line(what, bar, 99)
    }

    /// Writes a line; whether the median keeps the bar.
    #[allow(dead_code)]
    pub(crate) fn show_usual(&self, what: &str, bar: Duration) -> bool {
        self.line(what, Some(bar), 50)
    }

    fn line(&self, what: &str, bar: Option<Duration>, percent: usize) -> bool {
        let (median, high) = (self.percentile(50), self.percentile(99));
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        let kept = bar.is_none_or(|bar| self.percentile(percent) <= bar);
        let verdict = bar.map_or_else(String::new, |bar| {
            format!("{:>8.1}  {}", ms(bar), if kept { "kept" } else { "ABOVE" })
        });
        println!(
            "  {what:<32} {:>10.3} {:>10.3} {verdict}",
            ms(median),
            ms(high)
        );
        kept
    }
}

/// Measures something several times.
pub(crate) fn repeat<T>(times: usize, mut work: impl FnMut() -> T) -> Times {
    let mut taken = Times::default();
    for _ in 0..times {
        taken.measure(&mut work);
    }
    taken
}
