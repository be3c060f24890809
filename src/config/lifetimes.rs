//! How long tokens, sessions and links live.

use super::source::Lookup;
use std::{ops::RangeInclusive, time::Duration};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

#[derive(Debug, Clone)]
pub struct Lifetimes {
    /// An access token; it also bounds how long a revoked one may still be accepted offline.
    pub access: Duration,
    /// A session nobody uses.
    pub refresh_idle: Duration,
    /// Any session.
    pub refresh_absolute: Duration,
    /// The link that proves a mailbox.
    pub verification: Duration,
    /// An invitation whose maker does not say.
    pub invitation: Duration,
}

impl Lifetimes {
    pub(super) fn read(lookup: &mut Lookup) -> Self {
        let session = SECOND..=366 * DAY;
        let access =
            duration_between(lookup, "REEVE_ACCESS_TTL", 10 * MINUTE, SECOND..=15 * MINUTE);
        let refresh_idle =
            duration_between(lookup, "REEVE_REFRESH_IDLE", 30 * DAY, session.clone());
        let refresh_absolute =
            duration_between(lookup, "REEVE_REFRESH_ABSOLUTE", 90 * DAY, session);
        let verification =
            duration_between(lookup, "REEVE_VERIFICATION_TTL", DAY, SECOND..=30 * DAY);
        let invitation = duration_between(lookup, "REEVE_INVITATION_TTL", 7 * DAY, HOUR..=30 * DAY);
        if access > refresh_idle {
            lookup.refuse("REEVE_REFRESH_IDLE", "must not be shorter than REEVE_ACCESS_TTL");
        }
        if refresh_idle > refresh_absolute {
            lookup.refuse("REEVE_REFRESH_ABSOLUTE", "must not be shorter than REEVE_REFRESH_IDLE");
        }
        Self { access, refresh_idle, refresh_absolute, verification, invitation }
    }
}

/// A duration such as `10m` or `1h 30m`, within bounds.
pub(super) fn duration_between(
    lookup: &mut Lookup,
    name: &'static str,
    default: Duration,
    bounds: RangeInclusive<Duration>,
) -> Duration {
    let parse = |text: &str| {
        let duration = humantime::parse_duration(text.trim())
            .map_err(|_| "expected a duration such as 30s, 10m, 24h or 30d".to_owned())?;
        if bounds.contains(&duration) {
            return Ok(duration);
        }
        let (least, most) = (show(bounds.start()), show(bounds.end()));
        Err(format!("must be from {least} to {most}"))
    };
    lookup.value(name, default, parse, show)
}

/// In the largest unit that divides it, as people write it: `30d`, not `30days`.
fn show(duration: &Duration) -> String {
    let seconds = duration.as_secs();
    if duration.subsec_nanos() != 0 {
        return humantime::format_duration(*duration).to_string();
    }
    [(86_400, 'd'), (3_600, 'h'), (60, 'm')]
        .iter()
        .find(|(unit, _)| seconds != 0 && seconds.is_multiple_of(*unit))
        .map_or_else(|| format!("{seconds}s"), |(unit, name)| format!("{}{name}", seconds / unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_shown_as_they_are_written() {
        for (text, shown) in [
            ("30days", "30d"),
            ("24h", "1d"),
            ("36h", "36h"),
            ("1h", "1h"),
            ("90s", "90s"),
            ("0s", "0s"),
        ] {
            assert_eq!(show(&humantime::parse_duration(text).unwrap()), shown);
        }
        assert_eq!(show(&Duration::from_millis(1_500)), "1s 500ms");
    }
}
