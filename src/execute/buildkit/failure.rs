//! Why a build failed, out of what BuildKit says: typed details where it is new enough, else its text and the vertex that
//! failed.

use bollard_buildkit_proto::google::rpc::Status as Details;
use prost::Message;
use serde_json::Value;
use tonic::{Code, Status};

use super::super::Failure;
use super::super::backend::Mask;
use super::super::explain;
use super::watch::{Culprit, Watch};

/// What BuildKit says of a failure beside its text.
#[derive(Debug, Default)]
struct Known {
    vertex: Option<String>,
    line: Option<usize>,
    exit_code: Option<i64>,
}

impl Known {
    fn read(status: &Status) -> Known {
        let mut known = Known::default();
        let Ok(details) = Details::decode(status.details()) else { return known };
        for detail in details.details {
            let Ok(value) = serde_json::from_slice::<Value>(&detail.value) else { continue };
            let kind = detail.type_url.rsplit(['/', '.']).next().unwrap_or_default().trim_end_matches("+json").to_owned();
            match kind.as_str() {
                "Vertex" => known.vertex = value.get("digest").and_then(Value::as_str).map(str::to_owned),
                "ExitMessage" => known.exit_code = value.get("Code").and_then(Value::as_i64),
                // The outermost place is the instruction that the user wrote.
                "Source" if known.line.is_none() => {
                    let line = value.pointer("/ranges/0/start/line").and_then(Value::as_u64);
                    known.line = line.and_then(|line| usize::try_from(line).ok());
                }
                _ => {}
            }
        }
        known
    }
}

/// The failure as it is told.
pub(super) fn failure(status: &Status, watch: &Watch, mask: &Mask, daemon: bool) -> Failure {
    let known = Known::read(status);
    let text = mask.hide(status.message());
    if is_broken(status) {
        return Failure { lost: true, ..explain::broken(&text, daemon) };
    }
    let culprit = watch.culprit(known.vertex.as_deref());
    let error = culprit.as_ref().map(|culprit| culprit.error.as_str()).filter(|error| !error.is_empty());
    let parsed = explain::parse_error_line(&text);
    let place = culprit.as_ref().and_then(|culprit| culprit.place.clone()).filter(|_| parsed.is_none());
    let place = place.or_else(|| watch.at(known.line?).cloned());
    let said = explain::said(error.unwrap_or(&text));
    let exit_code = known.exit_code.or_else(|| explain::exit_code(&said)).or_else(|| explain::exit_code(&text));
    let Culprit { output, name, .. } = culprit.unwrap_or_default();
    let failure = Failure {
        line: parsed.or(known.line).or(place.as_ref().map(|place| place.line)),
        message: said,
        exit_code,
        output,
        step: (!name.is_empty() && place.is_none()).then_some(name),
        ..Failure::default()
    };
    explain::told(failure)
}

/// The connection broke, rather than the build.
fn is_broken(status: &Status) -> bool {
    let text = status.message();
    let gone = ["transport error", "error reading a body from connection", "connection refused", "broken pipe", "h2 protocol error"];
    matches!(status.code(), Code::Unavailable | Code::Unknown | Code::Internal | Code::Cancelled)
        && std::error::Error::source(status).is_some()
        && (gone.iter().any(|words| text.to_lowercase().contains(words)) || status.code() == Code::Unavailable)
}
