//! Lines as Terraform reads them.

use std::sync::{Arc, Mutex};

use tracing::{debug, error, info, info_span, trace};
use tracing_subscriber::layer::SubscriberExt;

use super::*;

#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is written while something runs, line by line.
fn logged(level: LevelFilter, run: impl FnOnce()) -> Vec<Map<String, Value>> {
    let buffer = Buffer::default();
    let opened = buffer.clone();
    let layer = JsonLines { level, output: move || opened.clone() };
    tracing::subscriber::with_default(Registry::default().with(layer), run);
    let written = String::from_utf8(buffer.0.lock().unwrap().clone()).unwrap();
    assert!(written.is_empty() || written.ends_with('\n'));
    written
        .lines()
        .map(|line| {
            assert!(line.len() < 64 * 1024);
            serde_json::from_str(line).unwrap()
        })
        .collect()
}

#[test]
fn lines_have_the_form_that_terraform_reads() {
    let error = io::Error::other("disk full");
    let lines = logged(LevelFilter::DEBUG, || {
        let _span = info_span!("rpc", tf_rpc = "ReadResource", tf_req_id = 7).entered();
        debug!(count = 3, ready = true, error = &error as &dyn std::error::Error, "read\n\"it\"");
    });
    let [mut line] = <[_; 1]>::try_from(lines).unwrap();
    let timestamp = line.remove("@timestamp").unwrap();
    // Twenty-seven characters: to the second, a point, six digits, Z.
    let timestamp = timestamp.as_str().unwrap();
    assert_eq!(timestamp.len(), 27, "{timestamp}");
    DateTime::parse_from_str(timestamp, "%Y-%m-%dT%H:%M:%S%.6f%#z").unwrap();
    assert_eq!(
        Value::Object(line),
        json!({
            "@level": "debug",
            "@message": "read\n\"it\"",
            "@module": "travel_plugin.log.tests",
            "tf_rpc": "ReadResource",
            "tf_req_id": 7,
            "count": 3,
            "ready": true,
            "error": "disk full",
        })
    );
}

#[test]
fn the_message_is_always_a_string() {
    let lines = logged(LevelFilter::TRACE, || {
        info!(message = 5);
        info!(message = true);
        info!(count = 1);
        info!("");
    });
    assert_eq!(lines.len(), 4);
    for line in lines {
        for key in ["@level", "@message", "@module", "@timestamp"] {
            assert!(line[key].is_string(), "{line:?}");
        }
    }
}

#[test]
fn no_line_is_too_long() {
    let long = "\u{1}".repeat(200_000);
    let lines = logged(LevelFilter::TRACE, || {
        info!("{long}");
        info!(long, "short");
        let _many = info_span!("a", a = long, b = long, c = long, d = long, e = long).entered();
        error!(f = long, g = long, h = long, "{long}");
    });
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[1]["@message"], "short");
    assert!(lines[2]["@message"].as_str().unwrap().starts_with('\u{1}'));
}

#[test]
fn hides_fields_that_sound_secret() {
    let lines = logged(LevelFilter::TRACE, || info!(session_token = "x", name = "y", "z"));
    assert_eq!(lines[0]["session_token"], "(hidden)");
    assert_eq!(lines[0]["name"], "y");
}

#[test]
fn other_crates_are_heard_from_warnings_up() {
    let lines = logged(LevelFilter::TRACE, || {
        debug!(target: "hyper::client", "authorization: Bearer x");
        info!(target: "aws_smithy_runtime::client", "body");
        error!(target: "hyper::client", "broken");
        trace!(target: "travel_aws::network", "made");
        trace!(target: "terraform_provider_travel", "started");
    });
    let messages: Vec<&str> = lines.iter().map(|line| line["@message"].as_str().unwrap()).collect();
    assert_eq!(messages, ["broken", "made", "started"]);
}

#[test]
fn says_no_more_than_asked_for() {
    for (level, expected) in
        [(LevelFilter::OFF, 0), (LevelFilter::ERROR, 1), (LevelFilter::INFO, 2)]
    {
        let lines = logged(level, || {
            error!("a");
            info!("b");
            debug!("c");
        });
        assert_eq!(lines.len(), expected);
    }
}

#[test]
fn takes_the_level_from_the_nearest_variable() {
    for (variables, expected) in [
        (&[][..], None),
        (&[("TF_LOG", "")], None),
        (&[("TF_LOG", "warn")], Some(LevelFilter::WARN)),
        (&[("TF_LOG", "JSON")], Some(LevelFilter::TRACE)),
        (&[("TF_LOG", "off")], Some(LevelFilter::OFF)),
        (&[("TF_LOG", "trace"), ("TF_LOG_PROVIDER", "error")], Some(LevelFilter::ERROR)),
        (
            &[("TF_LOG_PROVIDER", "error"), ("TF_LOG_PROVIDER_TRAVEL", "DEBUG")],
            Some(LevelFilter::DEBUG),
        ),
    ] {
        let found = level("travel", |name| {
            let found = variables.iter().find(|(other, _)| *other == name)?;
            Some(found.1.to_owned())
        });
        assert_eq!(found, expected, "{variables:?}");
    }
}
