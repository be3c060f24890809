//! What the time of a refusal tells: nothing.

use crate::support::{Backend, Server, assert_refused};
use std::time::{Duration, Instant};
use tonic::Code;

/// Sign-ins of each group.
const CALLS: usize = 100;
/// A busy machine may spoil a run; a hash that is left out spoils all of them.
const RUNS: usize = 3;

const KNOWN: &str = "ann@acme.com";
const UNKNOWN: &str = "nobody@else.org";

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// The medians of both groups, taken in turns.
async fn medians(server: &Server) -> [Duration; 2] {
    let mut times = [Vec::new(), Vec::new()];
    for number in 0..2 * CALLS {
        if number % 8 == 0 {
            server.execute("DELETE FROM throttle").await;
        }
        let group = number % 2;
        let began = Instant::now();
        let refused = server.sign_in([KNOWN, UNKNOWN][group], "wrong harbour 71").await;
        times[group].push(began.elapsed());
        assert_refused(refused, Code::Unauthenticated, "SIGN_IN_FAILED");
    }
    times.map(median)
}

on_both! {
    // SU-44, R-ENU-2
    async fn an_unknown_address_takes_as_long_as_a_wrong_password(backend: Backend) {
        let server = Server::start(backend).await;
        server.create_tenant("acme", &["acme.com"]).await;
        server.sign_up(KNOWN).await;
        let mut seen = Vec::new();
        for _ in 0..RUNS {
            let [known, unknown] = medians(&server).await;
            let bound = (known.max(unknown) * 15 / 100).max(Duration::from_millis(5));
            if known.abs_diff(unknown) <= bound {
                return;
            }
            seen.push((known, unknown));
        }
        panic!("an unknown address is told apart by the time it takes: {seen:?}");
    }
}
