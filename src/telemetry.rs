//! Logs on stderr: one event is one line, whatever is in it.

use crate::model::text::is_unprintable;
use std::{
    fmt::Write as _,
    io::{self, Write},
};
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    filter::{LevelFilter, filter_fn},
    fmt::{self, MakeWriter},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

pub const DEFAULT_FILTER: &str = "info";

/// Dependencies that print parameters, payloads or headers below WARN.
const CAPPED: &[&str] = &[
    "diesel",
    "tokio_postgres",
    "postgres",
    "rustls",
    "h2",
    "hyper",
    "tower",
    "lettre",
    "tonic",
    "want",
    "mio",
    "deadpool",
    "jsonwebtoken",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Text,
    Json,
}

crate::closed_set!(Format { Text = "text", Json = "json" });

/// Starts logging to stderr for the whole process, and logs panics as events. A second call is an
/// error and changes nothing.
pub fn init(filter: Option<&str>, format: Format) -> Result<(), String> {
    let subscriber = subscriber(filter, format, io::stderr)?;
    subscriber.try_init().map_err(|error| format!("logging is already set up: {error}"))?;
    std::panic::set_hook(Box::new(log_panic));
    Ok(())
}

/// Whether `RUST_LOG` could be this.
pub fn check_filter(filter: &str) -> Result<(), String> {
    env_filter(Some(filter)).map(drop)
}

fn env_filter(filter: Option<&str>) -> Result<EnvFilter, String> {
    EnvFilter::builder()
        .with_default_directive(LevelFilter::INFO.into())
        .with_regex(false)
        .parse(filter.unwrap_or(DEFAULT_FILTER))
        .map_err(|_| "expected log directives such as info or reeve=debug,info".to_owned())
}

fn subscriber<W>(
    filter: Option<&str>,
    format: Format,
    writer: W,
) -> Result<impl Subscriber + Send + Sync + 'static, String>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines =
        fmt::layer().with_ansi(false).log_internal_errors(false).with_writer(OneLine(writer));
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match format {
        Format::Text => lines.boxed(),
        Format::Json => lines.json().flatten_event(true).with_span_list(false).boxed(),
    };
    // Both filters are global: an event needs the consent of each, so no directive lifts the cap.
    Ok(Registry::default().with(lines).with(env_filter(filter)?).with(filter_fn(within_cap)))
}

fn within_cap(metadata: &Metadata<'_>) -> bool {
    *metadata.level() <= Level::WARN || !is_capped(metadata.target())
}

/// The crate itself and its companions: `hyper` and `hyper_util`, not `hyperion`.
fn is_capped(target: &str) -> bool {
    let krate = target.split("::").next().unwrap_or(target);
    CAPPED.iter().any(|name| {
        krate.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(['_', '-']))
    })
}

/// Logs where a panic happened. Its message is left out: it can hold anything.
fn log_panic(panic: &std::panic::PanicHookInfo<'_>) {
    let place = panic.location();
    let thread = std::thread::current();
    tracing::error!(
        target: "reeve::panic",
        file = place.map(std::panic::Location::file),
        line = place.map(std::panic::Location::line),
        thread = thread.name(),
        "panicked"
    );
}

/// Escapes every character that could end the line, move the cursor or turn the text around. The
/// formatter hands over one whole event at a time.
struct OneLine<W>(W);

struct OneLineWriter<W>(W);

impl<'a, W: MakeWriter<'a>> MakeWriter<'a> for OneLine<W> {
    type Writer = OneLineWriter<W::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        OneLineWriter(self.0.make_writer())
    }
}

impl<W: Write> Write for OneLineWriter<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        self.0.write_all(one_line(&String::from_utf8_lossy(event)).as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// The event with its escapes, which are JSON's in both formats, and exactly one line feed.
fn one_line(event: &str) -> String {
    let event = event.strip_suffix('\n').unwrap_or(event);
    let mut line = String::with_capacity(event.len() + 1);
    for c in event.chars() {
        match c {
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            '\t' => line.push_str("\\t"),
            c if is_unprintable(c) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    // Writing to a string cannot fail.
                    let _ = write!(line, "\\u{unit:04x}");
                }
            }
            c => line.push(c),
        }
    }
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(filter: Option<&str>, format: Format, log: impl FnOnce()) -> String {
        let buffer = Buffer::default();
        let sink = buffer.clone();
        let subscriber = subscriber(filter, format, move || sink.clone()).unwrap();
        tracing::subscriber::with_default(subscriber, log);
        String::from_utf8(buffer.0.lock().unwrap().clone()).unwrap()
    }

    const NASTY: &str =
        "a\u{1b}[31m\r\nINFO forged\u{2028}x\u{2029}y\u{85}\u{9b}2J\u{7f}\u{202e}\u{e0041}\0";

    /// G-82.
    #[test]
    fn events_stay_one_line_in_both_formats() {
        for format in [Format::Text, Format::Json] {
            let text = logged(None, format, || {
                let span = tracing::info_span!("call", agent = NASTY);
                let _guard = span.enter();
                tracing::info!(field = NASTY, shown = %NASTY, debug = ?NASTY, "message {NASTY}");
            });
            assert_eq!(text.matches('\n').count(), 1, "{text:?}");
            assert!(text.ends_with('\n'));
            assert!(!text.trim_end_matches('\n').chars().any(is_unprintable), "{text:?}");
            if format == Format::Json {
                let value: serde_json::Value = serde_json::from_str(&text).unwrap();
                assert_eq!(value["field"], NASTY);
                assert_eq!(value["span"]["agent"], NASTY);
            }
        }
    }

    #[test]
    fn dependencies_are_capped_whatever_the_filter_says() {
        for filter in ["trace", "hyper=trace,tokio_postgres=trace,h2::proto=trace,reeve=trace"] {
            let text = logged(Some(filter), Format::Text, || {
                tracing::trace!(target: "tokio_postgres::query", "payload");
                tracing::debug!(target: "diesel_async::pg", "payload");
                tracing::info!(target: "hyper_util::client", "payload");
                tracing::info_span!(target: "h2::proto", "payload").in_scope(|| {
                    tracing::trace!(target: "reeve::rpc", "ours");
                });
                tracing::warn!(target: "hyper::server", "warning");
            });
            assert!(!text.contains("payload"), "{text}");
            assert!(text.contains("ours"), "{text}");
            assert!(text.contains("warning"), "{text}");
        }
        assert!(is_capped("rustls") && !is_capped("hyperion::x") && !is_capped("reeve::tower"));
    }

    #[test]
    fn the_default_is_info_and_nonsense_is_refused() {
        let text = logged(None, Format::Text, || {
            tracing::debug!("quiet");
            tracing::info!("loud");
        });
        assert!(text.contains("loud") && !text.contains("quiet"));
        assert!(check_filter("reeve=debug,info").is_ok());
        assert!(check_filter("reeve=loudly").is_err());
    }

    #[test]
    fn starting_twice_is_an_error_and_panics_hide_their_message() {
        let previous = std::panic::take_hook();
        let first = init(Some("off"), Format::Text);
        let second = init(None, Format::Json);
        let text = logged(None, Format::Text, || {
            let _ = std::panic::catch_unwind(|| panic!("hunter2"));
        });
        std::panic::set_hook(previous);
        assert!(first.is_ok() && second.is_err());
        assert!(text.contains("panicked") && text.contains("telemetry.rs"), "{text}");
        assert!(!text.contains("hunter2"));
    }
}
