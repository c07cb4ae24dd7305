{{/* Labels of every object of a part: include "seam.labels" (dict "root" $ "part" "seam-agent"). */}}
{{- define "seam.labels" -}}
app.kubernetes.io/name: {{ .part }}
app.kubernetes.io/part-of: seam
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
{{- end -}}

{{/* Programs find each other in seam-system, and a cluster has one pod network. */}}
{{- define "seam.namespace" -}}
{{- if ne .Release.Namespace "seam-system" -}}
{{- fail (printf "namespace: expected seam-system, found %s; run: helm install seam CHART --namespace seam-system --create-namespace" .Release.Namespace) -}}
{{- end -}}
{{- .Release.Namespace -}}
{{- end -}}

{{- define "seam.image" -}}
{{- required "image: expected the reference of Seam's image, which every node can get; set it with: --set image=REGISTRY/seam:TAG" .Values.image -}}
{{- end -}}

{{/* A program's certificate, and the authority that clients trust; kept once made, for ten years: include "seam.certificate" (dict "root" $ "name" "seam-server"). */}}
{{- define "seam.certificate" -}}
{{- $service := printf "%s.seam-system" .name -}}
{{- $names := list .name $service (printf "%s.svc" $service) (printf "%s.svc.cluster.local" $service) "localhost" -}}
{{- $data := dict -}}
{{- $found := lookup "v1" "Secret" .root.Release.Namespace (printf "%s-tls" .name) -}}
{{- if and $found (hasKey $found.data "ca.crt") -}}
{{- $data = $found.data -}}
{{- else -}}
{{- $authority := genCA (printf "%s-ca" .name) 3650 -}}
{{- $made := genSignedCert .name (list "127.0.0.1" "::1") $names 3650 $authority -}}
{{- $data = dict "ca.crt" (b64enc $authority.Cert) "tls.crt" (b64enc $made.Cert) "tls.key" (b64enc $made.Key) -}}
{{- end }}
apiVersion: v1
kind: Secret
type: kubernetes.io/tls
metadata:
  name: {{ .name }}-tls
  namespace: {{ include "seam.namespace" .root }}
  labels:
    {{- include "seam.labels" (dict "root" .root "part" .name) | nindent 4 }}
data:
  {{- range $key := list "ca.crt" "tls.crt" "tls.key" }}
  {{ $key }}: {{ get $data $key }}
  {{- end }}
---
# What clients trust, for those who may not read the Secret.
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .name }}-ca
  namespace: {{ include "seam.namespace" .root }}
  labels:
    {{- include "seam.labels" (dict "root" .root "part" .name) | nindent 4 }}
data:
  ca.crt: |
    {{- get $data "ca.crt" | b64dec | nindent 4 }}
{{- end -}}

{{/* Upstream's scheduler must not be newer than the API server: it is of the cluster's own version unless one is named. */}}
{{- define "seam.schedulerImage" -}}
{{- .Values.scheduler.image | default (printf "registry.k8s.io/kube-scheduler:%s" (regexFind "^v[0-9]+[.][0-9]+[.][0-9]+" .Capabilities.KubeVersion.Version)) -}}
{{- end -}}

{{/* What a pod's rates are read from: the same for all. Of .Values.manager. */}}
{{- define "seam.rateKeys" -}}
- --egress-bandwidth-annotation={{ .annotations.egress }}
- --ingress-bandwidth-annotation={{ .annotations.ingress }}
- --units={{ .units | default "kubernetes" }}
{{- end -}}

{{/* How far pods may go beyond them. Of .Values.manager; values of an older release do not have it. */}}
{{- define "seam.ceilingKeys" -}}
- --egress-ceiling-annotation={{ .annotations.egressCeiling | default "seam.ucsd.edu/egress-ceiling" }}
- --ingress-ceiling-annotation={{ .annotations.ingressCeiling | default "seam.ucsd.edu/ingress-ceiling" }}
{{- end -}}

{{/* As well what a pod without them counts, for those who account it. */}}
{{- define "seam.rateFlags" -}}
{{ include "seam.rateKeys" . }}
- --default-egress-mbps={{ int64 .scheduler.defaultEgress }}
- --default-ingress-mbps={{ int64 .scheduler.defaultIngress }}
{{- end -}}
