//! Servers that people start in containers, and how each is told where to listen.

/// How a server is told where to listen.
pub(super) struct Server {
    /// Program, and the operands that must follow it.
    pub(super) command: &'static [&'static str],
    /// Name for messages.
    pub(super) name: &'static str,
    /// Options that take an address.
    pub(super) host: &'static [&'static str],
    /// Options that take a port.
    pub(super) port: &'static [&'static str],
    /// Options that take `address:port`.
    pub(super) bind: &'static [&'static str],
    /// Variables with an address.
    pub(super) host_env: &'static [&'static str],
    /// Variables with a port.
    pub(super) port_env: &'static [&'static str],
    /// Address where nothing else is said.
    pub(super) default_host: &'static str,
    /// Port where nothing else is said; 0 for none.
    pub(super) default_port: u16,
    /// It is meant for development.
    pub(super) development: bool,
}

pub(super) const SERVER: Server = Server {
    command: &[],
    name: "",
    host: &[],
    port: &[],
    bind: &[],
    host_env: &[],
    port_env: &[],
    default_host: ANY,
    default_port: 0,
    development: false,
};

pub(super) const LOCAL: &str = "127.0.0.1";

pub(super) const ANY: &str = "0.0.0.0";

pub(super) const SERVERS: &[Server] = &[
    Server {
        command: &["flask", "run"],
        name: "flask run",
        host: &["--host", "-h"],
        port: &["--port", "-p"],
        host_env: &["FLASK_RUN_HOST"],
        port_env: &["FLASK_RUN_PORT"],
        default_host: LOCAL,
        default_port: 5000,
        development: true,
        ..SERVER
    },
    Server {
        command: &["gunicorn"],
        name: "gunicorn",
        bind: &["--bind", "-b"],
        port_env: &["PORT"],
        default_host: LOCAL,
        default_port: 8000,
        ..SERVER
    },
    Server {
        command: &["uvicorn"],
        name: "uvicorn",
        host: &["--host"],
        port: &["--port"],
        host_env: &["UVICORN_HOST"],
        port_env: &["UVICORN_PORT"],
        default_host: LOCAL,
        default_port: 8000,
        ..SERVER
    },
    Server { command: &["hypercorn"], name: "hypercorn", bind: &["--bind", "-b"], default_host: LOCAL, default_port: 8000, ..SERVER },
    Server {
        command: &["daphne"],
        name: "daphne",
        host: &["--bind", "-b"],
        port: &["--port", "-p"],
        default_host: LOCAL,
        default_port: 8000,
        ..SERVER
    },
    Server {
        command: &["waitress-serve"],
        name: "waitress",
        host: &["--host"],
        port: &["--port"],
        bind: &["--listen"],
        default_port: 8080,
        ..SERVER
    },
    Server { command: &["fastapi", "run"], name: "fastapi run", host: &["--host"], port: &["--port"], default_port: 8000, ..SERVER },
    Server {
        command: &["fastapi", "dev"],
        name: "fastapi dev",
        host: &["--host"],
        port: &["--port"],
        default_host: LOCAL,
        default_port: 8000,
        development: true,
        ..SERVER
    },
    Server {
        command: &["streamlit", "run"],
        name: "streamlit",
        host: &["--server.address"],
        port: &["--server.port"],
        host_env: &["STREAMLIT_SERVER_ADDRESS"],
        port_env: &["STREAMLIT_SERVER_PORT"],
        default_port: 8501,
        ..SERVER
    },
    Server {
        command: &["jupyter"],
        name: "jupyter",
        host: &["--ip"],
        port: &["--port"],
        default_host: LOCAL,
        default_port: 8888,
        ..SERVER
    },
    Server {
        command: &["mlflow", "server"],
        name: "mlflow",
        host: &["--host", "-h"],
        port: &["--port", "-p"],
        host_env: &["MLFLOW_HOST"],
        port_env: &["MLFLOW_PORT"],
        default_host: LOCAL,
        default_port: 5000,
        ..SERVER
    },
    Server {
        command: &["mlflow", "ui"],
        name: "mlflow",
        host: &["--host", "-h"],
        port: &["--port", "-p"],
        default_host: LOCAL,
        default_port: 5000,
        ..SERVER
    },
    Server {
        command: &["rq-dashboard"],
        name: "rq-dashboard",
        host: &["--bind", "-b"],
        port: &["--port", "-p"],
        default_port: 9181,
        ..SERVER
    },
    Server {
        command: &["dagster-webserver"],
        name: "dagster-webserver",
        host: &["--host", "-h"],
        port: &["--port", "-p"],
        default_host: LOCAL,
        default_port: 3000,
        ..SERVER
    },
    Server {
        command: &["prefect", "server", "start"],
        name: "prefect",
        host: &["--host"],
        port: &["--port"],
        host_env: &["PREFECT_SERVER_API_HOST"],
        default_host: LOCAL,
        default_port: 4200,
        ..SERVER
    },
    Server {
        command: &["bokeh", "serve"],
        name: "bokeh",
        host: &["--address"],
        port: &["--port"],
        default_host: LOCAL,
        default_port: 5006,
        ..SERVER
    },
    Server {
        command: &["mkdocs", "serve"],
        name: "mkdocs serve",
        bind: &["--dev-addr", "-a"],
        default_host: LOCAL,
        default_port: 8000,
        development: true,
        ..SERVER
    },
    Server {
        command: &["hugo", "server"],
        name: "hugo server",
        host: &["--bind"],
        port: &["--port", "-p"],
        default_host: LOCAL,
        default_port: 1313,
        development: true,
        ..SERVER
    },
    Server {
        command: &["hugo", "serve"],
        name: "hugo serve",
        host: &["--bind"],
        port: &["--port", "-p"],
        default_host: LOCAL,
        default_port: 1313,
        development: true,
        ..SERVER
    },
    Server {
        command: &["jekyll", "serve"],
        name: "jekyll serve",
        host: &["--host", "-H"],
        port: &["--port", "-P"],
        default_host: LOCAL,
        default_port: 4000,
        development: true,
        ..SERVER
    },
    Server {
        command: &["ollama", "serve"],
        name: "ollama",
        host_env: &["OLLAMA_HOST"],
        default_host: LOCAL,
        default_port: 11434,
        ..SERVER
    },
    Server {
        command: &["rails", "server"],
        name: "rails server",
        host: &["--binding", "-b"],
        port: &["--port", "-p"],
        host_env: &["BINDING"],
        port_env: &["PORT"],
        default_host: LOCAL,
        default_port: 3000,
        ..SERVER
    },
    Server {
        command: &["rails", "s"],
        name: "rails server",
        host: &["--binding", "-b"],
        port: &["--port", "-p"],
        host_env: &["BINDING"],
        port_env: &["PORT"],
        default_host: LOCAL,
        default_port: 3000,
        ..SERVER
    },
    Server {
        command: &["rackup"],
        name: "rackup",
        host: &["--host", "-o"],
        port: &["--port", "-p"],
        default_host: LOCAL,
        default_port: 9292,
        ..SERVER
    },
    Server {
        command: &["puma"],
        name: "puma",
        bind: &["--bind", "-b"],
        port: &["--port", "-p"],
        port_env: &["PORT"],
        default_port: 9292,
        ..SERVER
    },
    Server { command: &["unicorn"], name: "unicorn", bind: &["--listen", "-l"], port: &["--port", "-p"], default_port: 8080, ..SERVER },
    Server {
        command: &["next", "dev"],
        name: "next dev",
        host: &["--hostname", "-H"],
        port: &["--port", "-p"],
        port_env: &["PORT"],
        default_port: 3000,
        development: true,
        ..SERVER
    },
    Server {
        command: &["next", "start"],
        name: "next start",
        host: &["--hostname", "-H"],
        port: &["--port", "-p"],
        port_env: &["PORT"],
        default_port: 3000,
        ..SERVER
    },
    Server {
        command: &["nuxt", "dev"],
        name: "nuxt dev",
        host: &["--host", "-H"],
        port: &["--port", "-p"],
        host_env: &["NUXT_HOST", "HOST"],
        port_env: &["NUXT_PORT", "PORT"],
        default_host: LOCAL,
        default_port: 3000,
        development: true,
        ..SERVER
    },
    Server {
        command: &["vite", "preview"],
        name: "vite preview",
        host: &["--host"],
        port: &["--port"],
        default_host: LOCAL,
        default_port: 4173,
        ..SERVER
    },
    Server {
        command: &["vite"],
        name: "vite",
        host: &["--host"],
        port: &["--port"],
        default_host: LOCAL,
        default_port: 5173,
        development: true,
        ..SERVER
    },
    Server {
        command: &["ng", "serve"],
        name: "ng serve",
        host: &["--host"],
        port: &["--port"],
        default_host: LOCAL,
        default_port: 4200,
        development: true,
        ..SERVER
    },
    Server {
        command: &["webpack", "serve"],
        name: "webpack serve",
        host: &["--host"],
        port: &["--port"],
        default_host: LOCAL,
        default_port: 8080,
        development: true,
        ..SERVER
    },
    Server {
        command: &["webpack-dev-server"],
        name: "webpack-dev-server",
        host: &["--host"],
        port: &["--port"],
        default_host: LOCAL,
        default_port: 8080,
        development: true,
        ..SERVER
    },
    Server {
        command: &["vue-cli-service", "serve"],
        name: "vue-cli-service serve",
        host: &["--host"],
        port: &["--port"],
        default_port: 8080,
        development: true,
        ..SERVER
    },
    Server {
        command: &["react-scripts", "start"],
        name: "react-scripts start",
        host_env: &["HOST"],
        port_env: &["PORT"],
        default_port: 3000,
        development: true,
        ..SERVER
    },
    Server {
        command: &["gatsby", "develop"],
        name: "gatsby develop",
        host: &["--host", "-H"],
        port: &["--port", "-p"],
        default_host: LOCAL,
        default_port: 8000,
        development: true,
        ..SERVER
    },
    Server {
        command: &["astro", "dev"],
        name: "astro dev",
        host: &["--host"],
        port: &["--port"],
        default_host: LOCAL,
        default_port: 4321,
        development: true,
        ..SERVER
    },
    Server {
        command: &["json-server"],
        name: "json-server",
        host: &["--host", "-H"],
        port: &["--port", "-p"],
        default_host: LOCAL,
        default_port: 3000,
        development: true,
        ..SERVER
    },
    Server {
        command: &["http-server"],
        name: "http-server",
        host: &["-a"],
        port: &["--port", "-p"],
        port_env: &["PORT"],
        default_port: 8080,
        ..SERVER
    },
    Server {
        command: &["serve"],
        name: "serve",
        bind: &["--listen", "-l"],
        port: &["-p"],
        port_env: &["PORT"],
        default_port: 3000,
        ..SERVER
    },
    Server { command: &["redis-server"], name: "redis-server", host: &["--bind"], port: &["--port"], default_port: 6379, ..SERVER },
    Server { command: &["mongod"], name: "mongod", host: &["--bind_ip"], port: &["--port"], default_port: 27017, ..SERVER },
    Server { command: &["mysqld"], name: "mysqld", host: &["--bind-address"], port: &["--port", "-P"], default_port: 3306, ..SERVER },
    Server { command: &["mariadbd"], name: "mariadbd", host: &["--bind-address"], port: &["--port", "-P"], default_port: 3306, ..SERVER },
    Server { command: &["php-fpm"], name: "php-fpm", default_port: 9000, ..SERVER },
    Server {
        command: &["php", "artisan", "serve"],
        name: "php artisan serve",
        host: &["--host"],
        port: &["--port"],
        host_env: &["SERVER_HOST"],
        port_env: &["SERVER_PORT"],
        default_host: LOCAL,
        default_port: 8000,
        development: true,
        ..SERVER
    },
    Server {
        command: &["symfony", "server:start"],
        name: "symfony server:start",
        host: &["--listen-ip"],
        port: &["--port"],
        default_host: LOCAL,
        default_port: 8000,
        development: true,
        ..SERVER
    },
    Server {
        command: &["symfony", "serve"],
        name: "symfony serve",
        host: &["--listen-ip"],
        port: &["--port"],
        default_host: LOCAL,
        default_port: 8000,
        development: true,
        ..SERVER
    },
    Server { command: &["nodemon"], name: "nodemon", development: true, ..SERVER },
    Server { command: &["ts-node-dev"], name: "ts-node-dev", development: true, ..SERVER },
    Server { command: &["tsnd"], name: "ts-node-dev", development: true, ..SERVER },
    Server { command: &["node", "--watch"], name: "node --watch", development: true, ..SERVER },
    Server { command: &["tsx", "watch"], name: "tsx watch", development: true, ..SERVER },
    Server { command: &["nest", "start", "--watch"], name: "nest start --watch", development: true, ..SERVER },
    Server { command: &["cargo", "watch"], name: "cargo watch", development: true, ..SERVER },
    Server { command: &["cargo-watch"], name: "cargo watch", development: true, ..SERVER },
    Server { command: &["dotnet", "watch"], name: "dotnet watch", development: true, ..SERVER },
    Server { command: &["air"], name: "air", development: true, ..SERVER },
    Server { command: &["celery", "flower"], name: "flower", host: &["--address"], port: &["--port"], default_port: 5555, ..SERVER },
];
