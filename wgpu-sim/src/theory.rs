//! Closed forms of queueing theory: oracles in tests, first guesses for warm-up and range.
//!
//! Rates are per unit of time and times in that unit. Where the load reaches the capacity, times
//! are infinite.

/// The mean wait in an M/G/1 queue (Pollaczek and Khinchine): arrivals at `rate`, services of mean
/// `mean` and variance `variance`.
pub fn mg1_mean_wait(rate: f64, mean: f64, variance: f64) -> f64 {
    let load = rate * mean;
    if load >= 1.0 {
        return f64::INFINITY;
    }
    rate * (variance + mean * mean) / (2.0 * (1.0 - load))
}

/// The mean time in an M/G/1 queue, service included.
pub fn mg1_mean_sojourn(rate: f64, mean: f64, variance: f64) -> f64 {
    mg1_mean_wait(rate, mean, variance) + mean
}

/// The mean time in an M/M/1 queue with services of mean `mean`, service included.
pub fn mm1_mean_sojourn(rate: f64, mean: f64) -> f64 {
    mg1_mean_sojourn(rate, mean, mean * mean)
}

/// The quantile `p` of the time in an M/M/1 queue, service included: it is exponential.
pub fn mm1_sojourn_quantile(rate: f64, mean: f64, p: f64) -> f64 {
    -libm::log1p(-p) * mm1_mean_sojourn(rate, mean)
}

/// The quantile `p` of the wait in an M/M/1 queue: 0 with probability 1 − ρ, else exponential.
pub fn mm1_wait_quantile(rate: f64, mean: f64, p: f64) -> f64 {
    let load = rate * mean;
    if p <= 1.0 - load {
        return 0.0;
    }
    libm::log(load / (1.0 - p)) * mm1_mean_sojourn(rate, mean)
}

/// The probability that a request waits in an M/M/c queue (Erlang C), for an offered load of
/// `offered` = rate · mean service; 1 when that reaches the number of servers.
pub fn erlang_c(servers: u32, offered: f64) -> f64 {
    let c = f64::from(servers);
    if offered >= c {
        return 1.0;
    }
    // Erlang B by its stable recursion, then the conversion to C.
    let blocking = (1..=servers).fold(1.0, |blocking, server| {
        offered * blocking / (f64::from(server) + offered * blocking)
    });
    c * blocking / (c - offered * (1.0 - blocking))
}

/// The mean wait in an M/M/c queue.
pub fn mmc_mean_wait(servers: u32, rate: f64, mean: f64) -> f64 {
    let spare = f64::from(servers) - rate * mean;
    if spare <= 0.0 {
        return f64::INFINITY;
    }
    erlang_c(servers, rate * mean) * mean / spare
}

/// The mean time in an M/M/c queue, service included.
pub fn mmc_mean_sojourn(servers: u32, rate: f64, mean: f64) -> f64 {
    mmc_mean_wait(servers, rate, mean) + mean
}

/// About the mean wait in an M/G/c queue: the M/M/c wait scaled by the variability of the service
/// (Lee and Longton, 1959). Exact for one server.
pub fn mgc_mean_wait(servers: u32, rate: f64, mean: f64, variance: f64) -> f64 {
    if mean <= 0.0 {
        return 0.0;
    }
    0.5 * (1.0 + variance / (mean * mean)) * mmc_mean_wait(servers, rate, mean)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-6, "{found} is not {expected}");
    }

    #[test]
    fn four_servers_at_eighty_percent() {
        near(erlang_c(4, 3.2), 0.596_432);
        near(mmc_mean_sojourn(4, 3.2, 1.0), 1.745_541);
    }

    #[test]
    fn one_server_in_all_its_forms() {
        near(mm1_mean_sojourn(0.8, 1.0), 5.0);
        near(mmc_mean_sojourn(1, 0.8, 1.0), 5.0);
        near(
            mgc_mean_wait(1, 0.8, 1.0, 0.0),
            mg1_mean_wait(0.8, 1.0, 0.0),
        );
        near(mg1_mean_wait(0.8, 1.0, 0.0), 2.0);
        near(mm1_sojourn_quantile(0.8, 1.0, 0.99), 23.025_851);
        near(mm1_wait_quantile(0.8, 1.0, 0.2), 0.0);
        near(mm1_wait_quantile(0.8, 1.0, 0.99), 5.0 * libm::log(80.0));
    }

    #[test]
    fn a_full_server_waits_for_ever() {
        near(erlang_c(2, 2.0), 1.0);
        assert!(mmc_mean_wait(2, 2.0, 1.0).is_infinite());
        assert!(mg1_mean_wait(1.0, 1.0, 1.0).is_infinite());
    }
}
