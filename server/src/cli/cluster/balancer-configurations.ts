/** What a balancer before the instances has to know. */
export interface BalancerTarget {
  /** `host:port` of each instance. */
  readonly addresses: readonly string[];
  /** Where the balancer listens. */
  readonly listenPort: number;
  /** Distance of the pings that keep connections busy. */
  readonly heartbeatIntervalMs: number;
}

/** The balancers there are configurations for. */
export const BALANCERS = ['nginx', 'haproxy'] as const;

export type Balancer = (typeof BALANCERS)[number];

/** A connection that was quiet for three heartbeats is dead: one may be late, and one more is on its way. */
const HEARTBEATS = 3;

/** A configuration that works as it is; `docs/deployment.md` has the reasons. */
export function balancerConfiguration(balancer: Balancer, target: BalancerTarget): string {
  const quietSeconds = Math.ceil((HEARTBEATS * target.heartbeatIntervalMs) / 1_000);
  return balancer === 'nginx' ? nginx(target, quietSeconds) : haproxy(target, quietSeconds);
}

/** A file for `/etc/nginx/conf.d`, which is included inside `http`. */
function nginx({ addresses, listenPort }: BalancerTarget, quietSeconds: number): string {
  return `# Headwater behind nginx: a file for /etc/nginx/conf.d.
# Any instance will do for any client: nothing here keeps a client at one.

upstream headwater {
    least_conn;
    # nginx learns from failures: one that refuses gets nobody for two seconds, and its client goes on to the next at once.
${addresses.map((address) => `    server ${address} max_fails=1 fail_timeout=2s;`).join('\n')}
}

map $http_upgrade $headwater_connection {
    default upgrade;
    ''      close;
}

server {
    listen ${listenPort};

    location / {
        proxy_pass http://headwater;
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $headwater_connection;
        proxy_set_header Host $host;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;

        # An instance that stops answers 503, and then refuses connections.
        proxy_next_upstream error timeout http_503;
        proxy_connect_timeout 2s;
        # Pings keep the connection busy; one that is quiet for three of them is dead.
        proxy_read_timeout ${quietSeconds}s;
        proxy_send_timeout ${quietSeconds}s;
    }
}
`;
}

/** A whole `haproxy.cfg`. */
function haproxy({ addresses, listenPort }: BalancerTarget, quietSeconds: number): string {
  const servers = addresses.map((address, index) => `    server instance${index + 1} ${address} check`);
  return `# Headwater behind HAProxy.
# Any instance will do for any client: nothing here keeps a client at one.

defaults
    mode http
    timeout connect 2s
    timeout client 30s
    timeout server 30s
    # Of an open WebSocket. Pings keep it busy; one that is quiet for three of them is dead.
    timeout tunnel ${quietSeconds}s
    # A client that was sent to an instance that just stopped goes on to the next.
    option redispatch 1
    retries ${Math.max(2, addresses.length)}
    retry-on conn-failure empty-response 503

frontend headwater
    bind :${listenPort}
    option forwardfor
    default_backend instances

backend instances
    balance leastconn
    # An instance that stops answers 503. Its clients are not cut off here: it sends them away itself, a few at a time.
    option httpchk GET /health
    http-check expect status 200
    default-server inter 1s fall 2 rise 1
${servers.join('\n')}
`;
}
