## Peers
peers = Pares y colas
peers-back = Pares y colas
peers-all = todos

## Associations
peers-associations =
    { $count ->
        [one] { $count } asociación en curso
       *[other] { $count } asociaciones en curso
    }
peers-no-associations = Ningún par mantiene una asociación con la pasarela en este momento.
peers-not-accepted = aún no aceptada
peers-head-peer = Par
peers-head-calling = AE title que llama
peers-head-called = AE title llamado
peers-head-from = Desde
peers-head-since = Desde el
peers-head-operation = En curso
peers-head-requests = Peticiones

## The configuration
peers-configured = Pares
peers-none = No hay ningún par configurado: añada al archivo de configuración una fila [[peer]] por cada sistema que pueda llamar a la pasarela.
peers-head-ae-title = AE title
peers-head-connect = La pasarela se conecta a
peers-head-comes-from = Llama desde
peers-head-may = Puede pedir
peers-head-held = Asociaciones
peers-plain = sin cifrar
peers-any-address = cualquier dirección
peers-routes = Rutas
peers-no-routes = No hay ninguna ruta configurada: lo que se envía a la pasarela no va a ninguna parte. Añada filas [[route]] al archivo de configuración.
peers-head-callers = Para
peers-head-sop-classes = Clases SOP
peers-head-only = Solo
peers-head-to = Hacia
peers-copies = copias:
peers-head-delivery = Entrega
peers-head-mode = Modo
peers-titles = AE titles de la pasarela
peers-head-purpose = Finalidad
peers-purpose-of-caller = la de quien llama
peers-listeners = Puntos de escucha
peers-head-address = Dirección
peers-head-encryption = Cifrado
peers-certificate-required = certificado obligatorio
peers-certificate-optional = certificado si lo hay
peers-head-at-most = Asociaciones como máximo
peers-certificates = Certificados
peers-no-certificates = No hay ningún certificado TLS configurado: DICOM y la consola van sin cifrar.
peers-head-certificate = Qué
peers-head-ends = Caduca
peers-head-left = Queda
peers-ended = caducado
peers-days-left =
    { $days ->
        [one] un día
       *[other] { $days } días
    }

## Queues
peers-queue = Cola { $queue }
peers-head-bytes = Bytes
peers-head-on-their-way = En camino
peers-head-delivered = Entregadas
peers-head-uncommitted = Aún sin confirmar
peers-head-oldest = La más antigua
peers-head-rate = Ritmo
peers-head-next-try = Próximo intento
peers-head-expected-end = Fin prevista
peers-head-number = Número
peers-head-place = Lugar
peers-head-study = Estudio
peers-head-patient = Paciente
peers-head-objects = Objetos
peers-head-received = Recibido
peers-head-reason = Motivo
peers-head-change = Cambiar
place-waiting = en espera
place-dead = carta muerta
place-quarantined = en cuarentena
place-delivered = entregado
peers-lies-there = Contenido
peers-nothing-there = Nada espera y nada se ha apartado.
peers-more =
    { $count ->
        [one] y { $count } fila más
       *[other] y { $count } filas más
    }
peers-by-object = Listar los objetos uno por uno
peers-by-study = Listar por estudio

## What is done to a queue
peers-pause = Pausar
peers-resume = Reanudar
peers-retry = Reintentar ahora
peers-retry-these = Reintentar
peers-release = Sacar de la cuarentena …
peers-release-these = Liberar …
peers-drop = Descartar …
peers-drop-these = Descartar …
peers-actions-what = Una cola en pausa no entrega nada; lo que está en camino llega. Reintentar retoma las cartas muertas, y de inmediato lo que espera. Cada acto consta en el libro antes de hacerse.
peers-drop-title = Descartar de la cola { $queue }
peers-drop-what = Lo descartado se borra sin haberse entregado. Si quien lo envió también lo borró, las imágenes se pierden para siempre.
peers-drop-which = Qué
peers-drop-aside = cartas muertas y lo que está en cuarentena
peers-drop-dead = solo las cartas muertas
peers-drop-quarantined = solo lo que está en cuarentena
peers-drop-waiting = lo que aún espera entrega
peers-drop-now = Descartar definitivamente
peers-release-title = Sacar de la cuarentena de { $queue }
peers-release-what = Lo liberado se somete de nuevo al contrato y se entrega si ahora lo permite. Lo que siga denegado vuelve a la cuarentena.
peers-release-all = Todo lo que está allí en cuarentena.
peers-release-now = Liberar
peers-reason-hint = Se guarda sin cifrar en el libro: sin datos de pacientes.
peers-not-now = Volver sin hacerlo
peers-done-paused = La cola está en pausa.
peers-done-resumed = La cola continúa.
peers-done-retried =
    { $count ->
        [one] Se reintenta { $count } carta muerta, y ahora lo que espera.
       *[other] Se reintentan { $count } cartas muertas, y ahora lo que espera.
    }
peers-done-released =
    { $count ->
        [one] { $count } objeto se somete de nuevo al contrato.
       *[other] { $count } objetos se someten de nuevo al contrato.
    }
peers-done-dropped =
    { $count ->
        [one] { $count } objeto está borrado.
       *[other] { $count } objetos están borrados.
    }

## Log and alerts
peers-log = Registro y alertas
peers-log-what = Las alertas son las del último día; todas están en el libro. Las líneas del registro son los últimos avisos y errores desde el arranque; el registro completo está en la salida de error.
peers-alert-code = Alerta
peers-log-level = Nivel
peers-log-room = Parte del programa
peers-log-show = Mostrar
peers-alerts = Alertas
peers-no-alerts = Ninguna alerta de ese tipo en el último día.
peers-log-lines = Avisos y errores
peers-no-lines = Ninguna línea de ese tipo desde el arranque.
peers-head-entry = Entrada
