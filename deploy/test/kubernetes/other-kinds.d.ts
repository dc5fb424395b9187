/** Kinds that kubernetes-types does not have, as far as the manifests use them, by the schemas their projects publish. */
import type { LabelSelector, ObjectMeta } from 'kubernetes-types/meta/v1';

interface Custom<Version extends string, Kind extends string, Spec> {
  apiVersion: Version;
  kind: Kind;
  metadata: ObjectMeta;
  spec: Spec;
}

/** cert-manager.io/v1 */
interface IssuerReference {
  name: string;
  kind: 'Issuer' | 'ClusterIssuer';
  group?: string;
}
export type Issuer = Custom<'cert-manager.io/v1', 'Issuer', { selfSigned: object } | { ca: { secretName: string } }>;
export type Certificate = Custom<
  'cert-manager.io/v1',
  'Certificate',
  {
    secretName: string;
    issuerRef: IssuerReference;
    commonName?: string;
    dnsNames?: string[];
    isCA?: boolean;
    duration?: string;
    renewBefore?: string;
    usages?: ('digital signature' | 'key encipherment' | 'server auth' | 'client auth' | 'cert sign')[];
    privateKey?: {
      algorithm?: 'RSA' | 'ECDSA' | 'Ed25519';
      size?: number;
      rotationPolicy?: 'Never' | 'Always';
      encoding?: 'PKCS1' | 'PKCS8';
    };
  }
>;

/** monitoring.coreos.com/v1 */
export type ServiceMonitor = Custom<
  'monitoring.coreos.com/v1',
  'ServiceMonitor',
  {
    selector: LabelSelector;
    namespaceSelector?: { any?: boolean; matchNames?: string[] };
    endpoints: { port: string; path?: string; interval?: string; scheme?: 'http' | 'https' }[];
  }
>;

/** gateway.networking.k8s.io/v1, of Gateway API 1.4 */
interface Reference {
  group?: string;
  kind?: string;
  name: string;
}
export type Gateway = Custom<
  'gateway.networking.k8s.io/v1',
  'Gateway',
  {
    gatewayClassName: string;
    listeners: {
      name: string;
      hostname?: string;
      port: number;
      protocol: 'HTTP' | 'HTTPS' | 'TLS';
      tls?: { mode: 'Terminate' | 'Passthrough'; certificateRefs?: (Reference & { namespace?: string })[] };
      allowedRoutes?: { namespaces: { from: 'All' | 'Selector' | 'Same'; selector?: LabelSelector } };
    }[];
  }
>;
export type HTTPRoute = Custom<
  'gateway.networking.k8s.io/v1',
  'HTTPRoute',
  {
    parentRefs: (Reference & { namespace?: string; sectionName?: string; port?: number })[];
    hostnames?: string[];
    rules: {
      matches?: { path?: { type: 'Exact' | 'PathPrefix' | 'RegularExpression'; value: string } }[];
      timeouts?: { request?: string; backendRequest?: string };
      backendRefs: (Reference & { namespace?: string; port: number; weight?: number })[];
    }[];
  }
>;
export type BackendTLSPolicy = Custom<
  'gateway.networking.k8s.io/v1',
  'BackendTLSPolicy',
  {
    targetRefs: (Required<Reference> & { sectionName?: string })[];
    validation: { hostname: string; caCertificateRefs: Required<Reference>[] };
  }
>;
