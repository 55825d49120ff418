//! One queue, first come first served, before c equal servers.
//!
//! Kiefer and Wolfowitz's recursion on the servers' remaining work: at an arrival, all have shrunk
//! by the gap since the last one; the new request waits for the least, and adds its service to it.
//! For one server this is Lindley's recursion. Only differences of time occur, so a run may last
//! for ever.

use crate::draws::{Purpose, Table, counter_word, draw};
use crate::program::{Compiled, Lane};
use crate::record::{BACKLOG_LIMIT, Record};

/// Requests whose draws are made together, which lets the compiler use vector instructions.
const BLOCK: usize = 256;

/// A lane on its way.
pub(super) struct Queue<'a> {
    gaps: &'a Table,
    services: &'a Table,
    key: [u32; 2],
    station: u32,
    warmup: u32,
    end: u32,
    next: u32,
    /// The servers' remaining work just after the last arrival, ascending.
    backlog: Vec<u32>,
    record: Record,
}

impl<'a> Queue<'a> {
    /// A lane before its first request; none if it names no station of the program.
    pub(super) fn new(compiled: &'a Compiled, lane: Lane) -> Option<Self> {
        let station = compiled.stations.get(lane.station as usize)?;
        Some(Self {
            gaps: compiled.tables.get(station.gap)?,
            services: compiled.tables.get(station.service)?,
            key: [compiled.seed, lane.replication],
            station: station.index,
            warmup: station.warmup,
            end: station.warmup.saturating_add(compiled.counted),
            next: 0,
            backlog: vec![0; station.servers as usize],
            record: Record::new(),
        })
    }

    pub(super) fn is_done(&self) -> bool {
        self.next >= self.end
    }

    pub(super) fn into_record(self) -> Record {
        self.record
    }

    /// Simulates up to `most` further requests and says how many.
    pub(super) fn advance(&mut self, most: u32) -> u32 {
        let first = self.next;
        let end = self.end.min(first.saturating_add(most));
        let (mut gaps, mut services) = ([0; BLOCK], [0; BLOCK]);
        while self.next < end {
            let ahead = end.saturating_sub(self.next) as usize;
            self.fill(self.gaps, Purpose::Gap, &mut gaps);
            self.fill(self.services, Purpose::Service, &mut services);
            if let [backlog] = self.backlog.as_mut_slice() {
                // Alone in a register, one server is twice as fast.
                let mut work = *backlog;
                for (&gap, &service) in gaps.iter().zip(&services).take(ahead) {
                    let wait = work.saturating_sub(gap);
                    work = wait.saturating_add(service);
                    if work > BACKLOG_LIMIT {
                        work = BACKLOG_LIMIT;
                        self.record.saturated = true;
                    }
                    if self.next >= self.warmup {
                        self.record.count(gap, wait, service);
                    }
                    self.next = self.next.wrapping_add(1);
                }
                *backlog = work;
            } else {
                for (&gap, &service) in gaps.iter().zip(&services).take(ahead) {
                    let wait = self.serve(gap, service);
                    if self.next >= self.warmup {
                        self.record.count(gap, wait, service);
                    }
                    self.next = self.next.wrapping_add(1);
                }
            }
        }
        end.saturating_sub(first)
    }

    /// Fills in the values of one purpose for the next requests.
    fn fill(&self, table: &Table, purpose: Purpose, values: &mut [u32; BLOCK]) {
        let word = counter_word(self.station, purpose, 0);
        let (key, mut request) = (self.key, self.next);
        for value in values.iter_mut() {
            *value = draw(key, request, word);
            request = request.wrapping_add(1);
        }
        for value in values.iter_mut() {
            *value = table.value(*value);
        }
    }

    /// Gives the next request to the server that is free first and returns its wait.
    fn serve(&mut self, gap: u32, service: u32) -> u32 {
        let Some((&first, rest)) = self.backlog.split_first() else {
            return 0;
        };
        let wait = first.saturating_sub(gap);
        let mut carried = wait.saturating_add(service);
        if carried > BACKLOG_LIMIT {
            carried = BACKLOG_LIMIT;
            self.record.saturated = true;
        }
        // The new work sinks to its place while the others move up.
        let servers = rest.len();
        for slot in 0..servers {
            let work = self.backlog.get(slot.wrapping_add(1)).copied().unwrap_or(0);
            let work = work.saturating_sub(gap);
            if let Some(place) = self.backlog.get_mut(slot) {
                *place = work.min(carried);
            }
            carried = work.max(carried);
        }
        if let Some(last) = self.backlog.last_mut() {
            *last = carried;
        }
        wait
    }
}
