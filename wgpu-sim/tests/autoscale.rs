//! Replicas that an autoscaler varies, in figures that are computed by hand.

mod oracle;

use core::ops::ControlFlow;
use core::time::Duration;

use oracle::{network, stage, tandem};
use wgpu_sim::network::{Autoscale, Change, Flow, Gaps, Link, Network, Routing, Target, Work};
use wgpu_sim::{GraphOutcome, Mode, Service, Settings, Trace, Warmup, simulate_graph};

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn fixed(concurrency: u32, time: Duration) -> Work {
    Work::Serve {
        replicas: 1,
        concurrency,
        routing: Routing::Central,
        service: Service::Fixed(time),
    }
}

fn settings(requests: u64) -> Settings {
    Settings {
        requests,
        replications: 2,
        warmup: Warmup::Requests(0),
        ..Settings::default()
    }
}

fn run(network: &Network, requests: u64) -> GraphOutcome {
    simulate_graph(network, &settings(requests), &mut |_| {
        ControlFlow::Continue(())
    })
    .unwrap()
}

#[test]
fn a_queue_calls_for_a_replica_until_it_is_gone() {
    let mut queue = stage("queue", fixed(1, seconds(8)));
    queue.autoscale = Some(Autoscale {
        most: 4,
        target: Target::Waiting(2),
        every: seconds(10),
        cold_start: seconds(5),
        calm: seconds(20),
    });
    let mut network = tandem(1.0, vec![queue]);
    let gaps = [1, 0, 0, 0, 0, 0, 99].map(seconds).to_vec();
    network.gaps = Gaps::Trace(gaps);
    network.rate = network.gaps.mean_rate().unwrap();
    let flow = Flow::new(&network, &settings(14)).unwrap();
    let trace = Trace::by_events(&flow, 0).unwrap();
    let ticks = |seconds: f64| seconds * 1e3 / flow.tick_ms;
    let near = |found: u64, expected: f64| (found as f64 - ticks(expected)).abs() < 1.0;
    // Six come at 1 s. At 10 s four wait: a second replica is called for, and takes the third of
    // them at 15 s. At 20 s two wait, which one would do for, yet two counted at 10 s. At 30 s they
    // do not count any more: the second goes when it is done, at 31 s.
    let [served, .., waited, worked, _, _] = trace.nodes[0];
    assert_eq!(served, 7);
    let waits = [0, 8, 14, 16, 22, 24, 0].map(f64::from);
    assert!(near(waited, waits.iter().sum()), "{waited}");
    assert!(near(worked, 56.0), "{worked}");
    let there = trace.replicas[0].unwrap();
    assert!(near(there, 100.0 + 21.0), "{there}");
}

#[test]
fn a_step_in_the_load_is_followed() {
    // A fifth of one replica is busy, for which one is enough; then 70 %, for which 2.8 are called
    // for. Three are within a tenth of their target.
    let mut node = stage("node", fixed(100, Duration::from_millis(100)));
    node.autoscale = Some(Autoscale {
        most: 8,
        target: Target::Busy(250_000),
        every: seconds(10),
        cold_start: seconds(25),
        calm: seconds(60),
    });
    let mut network = network(
        1.0,
        vec![node],
        vec![Link::new(None, Some(0)), Link::new(Some(0), None)],
    );
    let change = |at, rate| Change {
        at: seconds(at),
        rate,
    };
    network.gaps = Gaps::Profile(vec![
        change(0, 200.0),
        change(60, 700.0),
        change(200, 200.0),
    ]);
    network.rate = network.gaps.mean_rate().unwrap();
    let lanes = 2.0;
    let outcome = run(&network, 2 * 130_000);
    assert_eq!(outcome.mode, Mode::Event);
    assert_eq!(
        outcome.mode_reason.as_deref(),
        Some("`autoscale` of `node` varies its replicas")
    );
    assert_eq!((outcome.dropped, outcome.timed_out), (0, 0));
    let seconds = outcome.requests as f64 / outcome.throughput_rps.unwrap();
    let node = &outcome.nodes[0];
    // Seen at 70 s. One was called for from 210 s on, and three last at 200 s, which counts until
    // 260 s. Within a tenth of a second they are done with what they have.
    let more = (node.replicas_mean.unwrap() - 1.0) * seconds / lanes / 2.0;
    assert!((190.0..190.1).contains(&more), "{more}");
    // Busy in all for 130,000 requests of a tenth of a second in each lane.
    let whole = node.replicas_mean.unwrap() * seconds * 100.0;
    let used = outcome.requests as f64 * 0.1 / whole;
    assert!((node.utilisation.unwrap() - used).abs() < 1e-9, "{used}");
}

#[test]
fn what_cannot_be_scaled_is_refused() {
    let autoscale = Autoscale {
        most: 4,
        target: Target::Waiting(2),
        every: seconds(10),
        cold_start: seconds(5),
        calm: seconds(20),
    };
    let refused = |change: fn(&mut wgpu_sim::network::Stage)| {
        let mut queue = stage("queue", fixed(1, seconds(1)));
        queue.autoscale = Some(autoscale);
        change(&mut queue);
        let network = tandem(0.5, vec![queue]);
        Flow::new(&network, &settings(14)).unwrap_err().to_string()
    };
    let scaled = |queue: &mut wgpu_sim::network::Stage| queue.autoscale.as_mut().unwrap().most = 0;
    assert!(refused(scaled).contains("at most 0"));
    let delay = |queue: &mut wgpu_sim::network::Stage| {
        queue.work = Work::Delay(Service::Fixed(seconds(1)));
    };
    assert!(refused(delay).contains("has no replicas"));
    let shared = |queue: &mut wgpu_sim::network::Stage| queue.gpu = Some(0);
    assert!(refused(shared).contains("take `autoscale` or `timeSlice` away"));
    let never = |queue: &mut wgpu_sim::network::Stage| {
        queue.autoscale.as_mut().unwrap().every = Duration::ZERO;
    };
    assert!(refused(never).contains("give a longer `every`"));
}
