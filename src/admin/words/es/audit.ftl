## Audit
audit = Auditoría

## Searching
audit-from = Desde
audit-to = Antes de
audit-ae = Título AE
audit-user = Persona
audit-purpose = Finalidad
audit-verdict = Decisión
audit-kind = Tipo
audit-pseudonym = Seudónimo
audit-any = todos
audit-search = Buscar
audit-all = Todas las entradas
audit-presets = Búsquedas frecuentes:
audit-preset-refused = solicitudes denegadas
audit-preset-emergencies = urgencias (rotura de cristal)
audit-preset-alerts = alertas
audit-preset-looks = quién vio datos de pacientes
audit-fault = Esta parte de la búsqueda no se entiende: { $field }
audit-nothing = Ninguna entrada del registro coincide. Amplíe el periodo o deje un filtro vacío.
audit-nothing-so-far = Ninguna de las entradas más recientes coincide. Consulte las más antiguas o indique un periodo.
audit-entries = Entradas, las más recientes primero
audit-entry = Entrada
audit-parties = Instituciones
audit-by = Por
audit-older = Entradas más antiguas

## Patients
audit-patient = Buscar las entradas de un paciente
audit-patient-what = Queda registrado que buscó a este paciente. La dirección de la página no contiene nombres, solo seudónimos.
audit-patient-id = ID del paciente
audit-patient-issuer = Emisor del ID del paciente
audit-patient-find = Buscar
audit-patient-unknown = La pasarela no conoce a este paciente, o lo ha olvidado.
audit-study = Study Instance UID
audit-reason = Motivo
audit-guardian = Representante legal

## One entry
audit-entry-number = Entrada { $entry }
audit-back = Volver a la búsqueda
audit-entry-before = La anterior
audit-entry-after = La siguiente
audit-follows = Deriva de la decisión
audit-about = Sobre la entrada
audit-line = La entrada tal como consta en el registro
audit-line-what = Los pacientes son seudónimos y los estudios, resúmenes con clave.
audit-sealed = De quién se trata
audit-sealed-what = Los datos del paciente están sellados junto a esta entrada. Que se le mostraron queda anotado en el registro.
audit-sealed-show = Mostrarlos
audit-sealed-gone = Ya no se puede abrir nada: el paciente fue olvidado o los datos se eliminaron.
audit-sealed-recorded = Esta consulta ha quedado registrada.

## Exports
audit-export = Exportación
audit-export-what = Exporta lo que encuentra la búsqueda de arriba, en todo el periodo elegido, con pruebas de que nada se ha omitido y firmado por la pasarela. La propia exportación es una entrada del registro.
audit-formats = Formatos
audit-format = Formato
audit-format-csv = CSV, para una hoja de cálculo
audit-format-html = HTML, para imprimir
audit-format-jsonl = JSON Lines, para programas
audit-format-dicom = Mensajes de auditoría DICOM (PS3.15)
audit-format-fhir = AuditEvents de FHIR
audit-format-page = Página para el paciente
audit-identified = Incluir ID de pacientes, Study Instance UID y motivos
audit-zone = Zona de las horas locales
audit-export-begin = Iniciar la exportación
audit-export-refused = No se inició ninguna exportación: { $why }
audit-exports = Mis exportaciones
audit-exports-none = No se conserva ninguna exportación suya. Inicie una debajo de una búsqueda.
audit-exports-what = Una exportación se conserva cuatro horas, y no más allá de un reinicio de la pasarela. Quien tenga el archivo puede verificarlo sin conexión:
audit-exports-verify = Cómo verificar una exportación
audit-patients = Pacientes
audit-clear = sin seudónimo
audit-pseudonymous = seudónimos
audit-records = Registros
audit-size = Tamaño
audit-actions = Acciones
audit-progress = { $done } de { $of } entradas
audit-stage-under-way = en curso
audit-stage-done = lista
audit-stage-failed = fallida
audit-stage-cancelled = cancelada
audit-until = se conserva hasta
audit-cancel = Cancelar
audit-remove = Eliminar
audit-download = Descargar

## Disclosures
audit-disclosures = Relación de divulgaciones
audit-disclosures-what = Lo que se envió a otras instituciones sobre un paciente. Su consulta queda registrada.
audit-years = Años hacia atrás
