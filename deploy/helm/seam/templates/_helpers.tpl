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
