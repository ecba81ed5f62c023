## Institutions
institutions = Instituciones
institutions-what = Con qué fiabilidad los demás intercambian imágenes con nosotros, según lo que vio nuestra propia pasarela. Lo que una puntuación permite lo dicen las reglas vigentes.
institutions-all = Instituciones y su puntuación de hoy
institutions-ceiling = Tope
institutions-good = Bueno
institutions-bad = Malo
institutions-ae-titles = Títulos AE
institutions-peers = Nodos
institutions-gateway = Pasarela
institutions-yes = sí
institutions-own = la nuestra
institutions-no-evidence = aún sin indicios
institutions-own-what = Esta es nuestra propia institución. Aquí no tiene puntuación.
institutions-score-today = Puntuación de hoy
institutions-consents = Consentimientos que la nombran
institutions-objections =
    { $count ->
        [one] y { $count } oposición
       *[other] y { $count } oposiciones
    }
institutions-until-lifted = hasta que se levante
institutions-until = hasta el { $day } inclusive
institutions-formula = 1000 × (bueno { $good } + { $base-good }) / (bueno { $good } + malo { $bad } + { $base }), redondeado hacia abajo: { $score }. Una unidad es un día de intercambio impecable con una contraparte; la mitad de lo bueno se olvida antes que la mitad de lo malo.

## Score over time
institutions-over-time = Puntuación a lo largo del tiempo
institutions-nothing-yet = Todavía no hay indicios de esta institución. Su puntuación se mueve con la primera transferencia que termine.
institutions-unreadable = No se puede leer el registro. Quien opera la pasarela debe mirar sus trazas.
institutions-reading = Leyendo el registro: { $done } de { $of } entradas. Vuelva a cargar la página en un momento.
institutions-chart = Puntuación de { $name } a lo largo del tiempo
institutions-axis-day = día
institutions-axis-score = puntos
institutions-span-quarter = Un trimestre
institutions-span-year = Un año
institutions-span-all = Todo
institutions-key-score = Puntuación al final de cada día
institutions-key-event = Cargo
institutions-key-marks = Línea discontinua: puntuaciones desde las que las reglas entregadas permiten más

## What moved it
institutions-events = De dónde viene la puntuación
institutions-head-day = Día
institutions-head-entries = Entradas
institutions-left = queda
institutions-more =
    { $count ->
        [one] { $count } línea más antigua no aparece: credence score explain { $slug } --all la muestra.
       *[other] { $count } líneas más antiguas no aparecen: credence score explain { $slug } --all las muestra.
    }
institutions-routine = { $good } de { $due } transferencias en orden
institutions-revocations-answered =
    { $count ->
        [one] { $count } revocación respondida a tiempo
       *[other] { $count } revocaciones respondidas a tiempo
    }
institutions-review-overdue = Acceso de emergencia no revisado a tiempo: decisión { $decision }
institutions-review-unjustified = Acceso de emergencia declarado injustificado: decisión { $decision }
institutions-equivocated = Dos declaraciones firmadas suyas se contradicen
institutions-receipt-disputed = Un recibo sobre otros bytes que los que vio nuestra pasarela: decisión { $decision }
institutions-misstated = Habló en nombre de otra institución
institutions-incident-upheld = Incidente confirmado: { $incident }; aviso { $report }
institutions-reversed = retirado por la entrada { $entry }
institutions-set-ceiling = tope { $score } hasta el { $day } inclusive
institutions-set-ceiling-lifted = tope { $score } hasta que se levante
institutions-lifted = levantado por la entrada { $entry }
institutions-waiting = Todavía no cuenta: { $incident } (aviso { $report }) espera a un árbitro y caduca el

## Transfers of late
institutions-transfers = Últimas transferencias
institutions-no-transfers = Nada se transfirió entre ella y nosotros en el último día.
institutions-recipient = Destinatario
institutions-images = Imágenes
institutions-failed = Fallidas
institutions-under-way = en curso

## Address book
institutions-address-book = Directorio
institutions-slug = Nombre corto
institutions-address = Dirección
institutions-no-address = no figura en la configuración
institutions-certificates = Certificados
institutions-fhir = En FHIR
institutions-no-peers = Ningún nodo suyo figura en la configuración: añada uno como [[peer]] y podrá preguntar y ser preguntado.
institutions-peer = Nodo
institutions-ae-title = Título AE
institutions-calls-from = Llama desde
institutions-any-address = cualquier dirección
institutions-connect = Nos conectamos a
institutions-never-connected = nunca
institutions-may = Puede
institutions-echo-head = Responde
institutions-echo = Eco
institutions-echo-peer = Enviar un C-ECHO a { $peer }
institutions-echo-answers = responde
institutions-echo-took = { $ms } ms
institutions-echo-tls = nuestros certificados no sirven
institutions-echo-unreachable = inalcanzable
institutions-echo-not-accepted = no acepta C-ECHO
institutions-echo-ended = se interrumpió
institutions-echo-status = responde con un error
institutions-echo-late = sin respuesta a tiempo
institutions-gateway-of = Pasarela { $peer }
institutions-gateway-ae = Nuestro título AE para ella
institutions-gateway-emergency-ae = El mismo para emergencias
institutions-exchange = Intercambio
institutions-log-key = Clave de su registro
institutions-statement-key = Clave de sus declaraciones
institutions-witness-key = Clave de su testigo
institutions-parcel-key = Clave para paquetes
