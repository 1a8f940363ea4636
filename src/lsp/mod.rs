//! A language server: findings while one types, fixes, and the way from a name to what it stands for, over all files of a
//! stack. Buffers that are not saved yet are laid over the disk; what is checked is always the whole stack.

mod actions;
mod cache;
mod hover;
mod navigate;
mod place;
mod workspace;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use lsp_server::{Connection, ErrorCode, Message, Notification, Request, RequestId, Response};
use serde_json::{Value, json};

use self::place::{Encoding, path_of, uri_of};
use self::workspace::{Checked, Document, Folder};
use crate::diagnostic::{Diagnostic, Severity};
use crate::files::Files;
use crate::rule::Config;
use crate::source::Span;

/// Reads the configuration that counts in a folder.
pub type ReadConfig = fn(&dyn Files, &Path) -> Result<Config, String>;

/// How long a check waits for the next keystroke.
const PAUSE: Duration = Duration::from_millis(60);

/// What the editor is asked to tell about the disk.
const WATCHED: &str = "**/{*ockerfile*,*ompose*,*.yml,*.yaml,*.env,.env*,.dockerignore,*.dockerignore,*.conf,*.template,*.sh,*.py,Dockerrun.aws.json,.stacklint/rules/*.md}";

/// Serves an editor on standard input and output until it says goodbye. The error is a text for the user.
pub fn serve(read_config: ReadConfig) -> Result<(), String> {
    let (connection, threads) = Connection::stdio();
    let started = connection.initialize_start().map_err(|error| error.to_string())?;
    let (id, params) = started;
    let encoding = Encoding::choose(params.pointer("/capabilities/general/positionEncodings"));
    connection.initialize_finish(id, capabilities(encoding)).map_err(|error| error.to_string())?;
    let mut server = Server::new(connection, encoding, read_config, &params);
    let ended = server.run();
    drop(server);
    threads.join().map_err(|error| error.to_string())?;
    ended
}

fn capabilities(encoding: Encoding) -> Value {
    json!({
        "capabilities": {
            "positionEncoding": encoding.name(),
            "textDocumentSync": {"openClose": true, "change": 1, "save": {}},
            "codeActionProvider": {"codeActionKinds": ["quickfix", "source.fixAll"]},
            "hoverProvider": true,
            "definitionProvider": true,
            "documentSymbolProvider": true,
            "workspace": {"workspaceFolders": {"supported": true, "changeNotifications": true}},
        },
        "serverInfo": {"name": "stacklint", "version": env!("CARGO_PKG_VERSION")},
    })
}

struct Server {
    connection: Connection,
    encoding: Encoding,
    read_config: ReadConfig,
    folders: Vec<Folder>,
    open: BTreeMap<PathBuf, Document>,
    /// The files of each folder that the editor shows findings for.
    published: BTreeMap<PathBuf, BTreeSet<PathBuf>>,
    /// When to check; none where nothing changed.
    due: Option<Instant>,
    complaints: BTreeSet<String>,
}

impl Server {
    fn new(connection: Connection, encoding: Encoding, read_config: ReadConfig, params: &Value) -> Server {
        let named = params.get("workspaceFolders").and_then(Value::as_array).into_iter().flatten();
        let mut roots: Vec<PathBuf> = named.filter_map(|folder| path_of(folder.get("uri")?.as_str()?)).collect();
        if roots.is_empty() {
            roots.extend(params.get("rootUri").and_then(Value::as_str).and_then(path_of));
        }
        let folders = roots.into_iter().map(|root| Folder::new(root, true)).collect();
        let server = Server {
            connection,
            encoding,
            read_config,
            folders,
            open: BTreeMap::new(),
            published: BTreeMap::new(),
            due: Some(Instant::now()),
            complaints: BTreeSet::new(),
        };
        if params.pointer("/capabilities/workspace/didChangeWatchedFiles/dynamicRegistration") == Some(&json!(true)) {
            let options = json!({"watchers": [{"globPattern": WATCHED}]});
            let registration = json!({"id": "files", "method": "workspace/didChangeWatchedFiles", "registerOptions": options});
            let id = RequestId::from("register".to_owned());
            server.send(Message::Request(Request::new(
                id,
                "client/registerCapability".to_owned(),
                json!({"registrations": [registration]}),
            )));
        }
        server
    }

    fn send(&self, message: Message) {
        // Nobody listens any more: the loop ends with the next message that does not come.
        let _ = self.connection.sender.send(message);
    }

    fn run(&mut self) -> Result<(), String> {
        loop {
            let wait = self.due.map(|due| due.saturating_duration_since(Instant::now()));
            let message = match wait {
                Some(wait) => match self.connection.receiver.recv_timeout(wait) {
                    Ok(message) => message,
                    Err(error) if error.is_timeout() => {
                        self.check();
                        continue;
                    }
                    Err(_) => return Ok(()),
                },
                None => match self.connection.receiver.recv() {
                    Ok(message) => message,
                    Err(_) => return Ok(()),
                },
            };
            match message {
                Message::Request(request) => {
                    if self.connection.handle_shutdown(&request).map_err(|error| error.to_string())? {
                        return Ok(());
                    }
                    self.answer(request);
                }
                Message::Notification(notification) => self.note(&notification),
                Message::Response(_) => {}
            }
        }
    }

    fn note(&mut self, notification: &Notification) {
        let params = &notification.params;
        let text = |pointer: &str| params.pointer(pointer).and_then(Value::as_str);
        let path = text("/textDocument/uri").and_then(path_of);
        match (notification.method.as_str(), path) {
            ("textDocument/didOpen", Some(path)) => {
                let explicit = text("/textDocument/languageId").is_some_and(|id| matches!(id, "dockerfile" | "dockercompose" | "compose"));
                let version = params.pointer("/textDocument/version").and_then(Value::as_i64);
                self.adopt(&path);
                self.open.insert(path, Document { text: text("/textDocument/text").unwrap_or_default().to_owned(), version, explicit });
                self.due = Some(Instant::now());
            }
            ("textDocument/didChange", Some(path)) => {
                let changes = params.get("contentChanges").and_then(Value::as_array);
                let text = changes.and_then(|changes| changes.last()?.get("text")?.as_str());
                if let (Some(document), Some(text)) = (self.open.get_mut(&path), text) {
                    text.clone_into(&mut document.text);
                    document.version = params.pointer("/textDocument/version").and_then(Value::as_i64);
                    self.due = Some(Instant::now() + PAUSE);
                }
            }
            ("textDocument/didClose", Some(path)) => {
                self.open.remove(&path);
                self.forget();
            }
            ("textDocument/didSave" | "workspace/didChangeWatchedFiles" | "workspace/didChangeConfiguration", _) => self.forget(),
            ("workspace/didChangeWorkspaceFolders", _) => self.change_folders(params),
            _ => {}
        }
    }

    fn forget(&mut self) {
        self.folders.iter_mut().for_each(Folder::forget);
        self.due = Some(Instant::now() + PAUSE);
    }

    fn change_folders(&mut self, params: &Value) {
        let paths = |pointer: &str| -> Vec<PathBuf> {
            let list = params.pointer(pointer).and_then(Value::as_array).into_iter().flatten();
            list.filter_map(|folder| path_of(folder.get("uri")?.as_str()?)).collect()
        };
        for gone in paths("/event/removed") {
            self.folders.retain(|folder| folder.root != gone);
            for path in self.published.remove(&gone).unwrap_or_default() {
                self.publish(&path, Vec::new());
            }
        }
        for root in paths("/event/added") {
            if !self.folders.iter().any(|folder| folder.root == root) {
                self.folders.push(Folder::new(root, true));
            }
        }
        self.due = Some(Instant::now());
    }

    /// A file outside all folders gets one of its own, of which only what is open is checked.
    fn adopt(&mut self, path: &Path) {
        if self.folder_of(path).is_none()
            && let Some(parent) = path.parent()
        {
            self.folders.push(Folder::new(parent.to_owned(), false));
        }
    }

    /// The innermost folder that holds a file.
    fn folder_of(&self, path: &Path) -> Option<usize> {
        let holding = self.folders.iter().enumerate().filter(|(_, folder)| path.starts_with(&folder.root));
        holding.max_by_key(|(_, folder)| folder.root.as_os_str().len()).map(|(n, _)| n)
    }

    /// Checks every folder and shows what it found.
    fn check(&mut self) {
        self.due = None;
        let mut complaints = BTreeSet::new();
        for folder in &mut self.folders {
            complaints.extend(folder.check(&self.open, self.read_config));
        }
        for text in complaints.difference(&self.complaints) {
            let params = json!({"type": 1, "message": format!("stacklint goes on without its configuration: {text}")});
            self.send(Message::Notification(Notification::new("window/showMessage".to_owned(), params)));
        }
        // A complaint is made again only after it was put right.
        if self.folders.iter().any(|folder| folder.checked.is_some()) {
            self.complaints = complaints;
        }
        for n in 0..self.folders.len() {
            self.publish_folder(n);
        }
    }

    fn publish_folder(&mut self, n: usize) {
        let Some(folder) = self.folders.get(n) else { return };
        let Some(checked) = &folder.checked else { return };
        let mut by_file: BTreeMap<PathBuf, Vec<Value>> = BTreeMap::new();
        for diagnostic in &checked.diagnostics {
            let path = folder.absolute(checked.stack.sources.path(diagnostic.primary.file));
            // Of nested folders, the inner one tells.
            if self.folder_of(&path).is_none_or(|holder| holder == n) {
                by_file.entry(path).or_default().push(self.shown(folder, checked, diagnostic));
            }
        }
        let root = folder.root.clone();
        let before = self.published.insert(root, by_file.keys().cloned().collect()).unwrap_or_default();
        for gone in before.iter().filter(|path| !by_file.contains_key(*path)) {
            self.publish(gone, Vec::new());
        }
        for (path, diagnostics) in by_file {
            self.publish(&path, diagnostics);
        }
    }

    fn publish(&self, path: &Path, diagnostics: Vec<Value>) {
        let mut params = json!({"uri": uri_of(path), "diagnostics": diagnostics});
        if let (Some(version), Some(params)) = (self.open.get(path).and_then(|document| document.version), params.as_object_mut()) {
            params.insert("version".to_owned(), json!(version));
        }
        self.send(Message::Notification(Notification::new("textDocument/publishDiagnostics".to_owned(), params)));
    }

    /// A finding as editors show it.
    fn shown(&self, folder: &Folder, checked: &Checked, d: &Diagnostic) -> Value {
        let sources = &checked.stack.sources;
        let hide = |text: &str| checked.masks.hide(text).replace('`', "");
        let related: Vec<Value> = d
            .related
            .iter()
            .filter(|label| !label.message.is_empty())
            .map(|label| json!({"location": self.location(folder, checked, label.span), "message": hide(&label.message)}))
            .collect();
        let help = d.help.as_deref().or(d.fix.as_ref().map(|fix| fix.title.as_str()));
        let message = help.map_or_else(|| hide(&d.message), |help| format!("{}\nhelp: {}", hide(&d.message), hide(help)));
        let mut shown = json!({
            "range": self.encoding.range(sources.get(d.primary.file), d.primary),
            "severity": match d.severity {
                Severity::Error => 1,
                Severity::Warning => 2,
                Severity::Info => 3,
                Severity::Style => 4,
            },
            "code": d.rule,
            "source": "stacklint",
            "message": message,
            "relatedInformation": related,
        });
        let url = checked.registry.find(d.rule).map(crate::rule::Info::url).filter(|url| !url.is_empty());
        if let (Some(url), Some(shown)) = (url, shown.as_object_mut()) {
            shown.insert("codeDescription".to_owned(), json!({"href": url}));
        }
        shown
    }

    fn location(&self, folder: &Folder, checked: &Checked, span: Span) -> Value {
        let file = checked.stack.sources.get(span.file);
        json!({"uri": uri_of(&folder.absolute(&file.path)), "range": self.encoding.range(file, span)})
    }

    fn answer(&mut self, request: Request) {
        let result = match request.method.as_str() {
            "textDocument/codeAction" => Some(self.with_file(&request.params, actions::actions)),
            "textDocument/hover" => Some(self.with_file(&request.params, hover::hover)),
            "textDocument/definition" => Some(self.with_file(&request.params, navigate::definition)),
            "textDocument/documentSymbol" => Some(self.with_file(&request.params, navigate::symbols)),
            _ => None,
        };
        let method = request.method;
        self.send(Message::Response(match result {
            Some(result) => Response::new_ok(request.id, result),
            None => Response::new_err(request.id, ErrorCode::MethodNotFound as i32, format!("{method} is not served")),
        }));
    }

    /// Asks about a file as it is checked now; null where no check knows it.
    fn with_file(&mut self, params: &Value, ask: fn(&Asked<'_>) -> Value) -> Value {
        if self.due.is_some() {
            self.check();
        }
        let path = params.pointer("/textDocument/uri").and_then(Value::as_str).and_then(path_of);
        let asked = path.and_then(|path| {
            let folder = self.folders.get(self.folder_of(&path)?)?;
            let checked = folder.checked.as_ref()?;
            Some(Asked { server: self, folder, checked, shown: folder.shown(&path), params })
        });
        asked.map_or(Value::Null, |asked| ask(&asked))
    }
}

/// A question about a file.
struct Asked<'a> {
    server: &'a Server,
    folder: &'a Folder,
    checked: &'a Checked,
    /// The file, as the check names it.
    shown: String,
    params: &'a Value,
}

impl Asked<'_> {
    /// The place in the file that the question is about.
    fn place(&self) -> Option<Span> {
        let (id, file) = self.checked.file(&self.shown)?;
        let offset = self.server.encoding.offset(file, self.params.get("position")?);
        Some(Span::new(id, offset, offset))
    }

    fn location(&self, span: Span) -> Value {
        self.server.location(self.folder, self.checked, span)
    }
}
