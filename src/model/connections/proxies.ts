/**
 * What HTTPS_PROXY, HTTP_PROXY and NO_PROXY say, checked. `http` and `https` are addresses of proxies; `noProxy` is a
 * list of hosts, as NO_PROXY holds it.
 */
export type Proxies = {
  readonly http: string | undefined;
  readonly https: string | undefined;
  readonly noProxy: string;
};
