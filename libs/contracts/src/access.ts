/** Who may call the internal APIs: the names below registry.tokens that a route can be opened to. */
export type ClientName = 'verifier' | 'backup' | 'operator';

/** What an access token may allow. */
export type Scope = 'verify:read' | 'policy:write' | 'registry:write' | 'backup:run';
