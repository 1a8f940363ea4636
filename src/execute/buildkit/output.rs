//! What a build hands back instead of keeping it in the engine: a file, or a folder of files.

use std::io::{self, Read, Write};
use std::path::PathBuf;

use bollard_buildkit_proto::moby::filesync::v1::BytesMessage;
use bollard_buildkit_proto::moby::filesync::v1::file_send_server::FileSend;
use tokio::sync::mpsc::{self, Receiver};
use tonic::{Request, Response, Status, Streaming};

use super::super::Output;
use super::{Answers, stream};

/// Takes what a build hands back.
pub(super) struct Taker(pub Option<Output>);

#[tonic::async_trait]
impl FileSend for Taker {
    type DiffCopyStream = Answers<BytesMessage>;

    async fn diff_copy(&self, request: Request<Streaming<BytesMessage>>) -> Result<Response<Answers<BytesMessage>>, Status> {
        let Some(output) = self.0.clone() else { return Err(Status::unimplemented("nothing is taken back here")) };
        let mut requests = request.into_inner();
        let (chunks, taken) = mpsc::channel(8);
        let writing = tokio::task::spawn_blocking(move || write(&output, Chunks { from: taken, current: Vec::new(), at: 0 }));
        while let Some(message) = requests.message().await? {
            if chunks.send(message.data).await.is_err() {
                break;
            }
        }
        drop(chunks);
        match writing.await {
            Ok(Ok(())) => Ok(Response::new(stream(mpsc::channel(1).1))),
            Ok(Err(error)) => Err(Status::internal(error.to_string())),
            Err(error) => Err(Status::internal(error.to_string())),
        }
    }
}

fn write(output: &Output, mut content: Chunks) -> io::Result<()> {
    let place = |path: &PathBuf, error: io::Error| io::Error::other(format!("cannot write {}: {error}", path.display()));
    match output {
        Output::Folder(path) => {
            let unpacked = std::fs::create_dir_all(path).and_then(|()| tar::Archive::new(&mut content).unpack(path));
            unpacked.map_err(|error| place(path, error))?;
            io::copy(&mut content, &mut io::sink())?;
        }
        Output::Archive { dest: Some(path), .. } => {
            let copied = std::fs::File::create(path).and_then(|mut file| io::copy(&mut content, &mut file));
            copied.map_err(|error| place(path, error))?;
        }
        Output::Archive { dest: None, .. } => {
            let mut out = io::stdout().lock();
            io::copy(&mut content, &mut out)?;
            out.flush()?;
        }
    }
    Ok(())
}

/// What comes in, as something to read from.
struct Chunks {
    from: Receiver<Vec<u8>>,
    current: Vec<u8>,
    at: usize,
}

impl Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at >= self.current.len() {
            let Some(next) = self.from.blocking_recv() else { return Ok(0) };
            self.current = next;
            self.at = 0;
        }
        let mut rest = self.current.get(self.at..).unwrap_or_default();
        let taken = rest.read(buffer)?;
        self.at += taken;
        Ok(taken)
    }
}
